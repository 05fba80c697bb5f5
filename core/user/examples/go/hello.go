// SPDX-License-Identifier: MIT

// Hello puts a message into the kernel's box and takes it out again, and does the same once
// more with a goroutine that waits. It is pure Go: neither cgo nor libmsgbox is needed.
//
//	go build && ./hello
package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	parameters = "/sys/module/dm510_msgbox/parameters/"
	device     = "/dev/dm510_msgbox"
)

// A Box is the box of this process's IPC namespace.
type Box struct {
	putNr, getNr uintptr
}

// Open looks up the numbers of the system calls. They differ between kernels, and a number
// that is not looked up may belong to another system call.
func Open() (*Box, error) {
	putNr, err := numberOf("put_nr")
	if err != nil {
		return nil, err
	}
	getNr, err := numberOf("get_nr")
	if err != nil {
		return nil, err
	}
	return &Box{putNr, getNr}, nil
}

func numberOf(name string) (uintptr, error) {
	text, err := os.ReadFile(parameters + name)
	if err != nil {
		return 0, fmt.Errorf("%w: load the module dm510_msgbox first", err)
	}
	number, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return uintptr(number), err
}

// call passes memory to a system call. An empty slice has no address, but the box wants
// one, also for an empty message. The kernel takes the length as a 32-bit int.
func call(number uintptr, memory []byte) (int, error) {
	var nothing byte
	address := &nothing

	if len(memory) > math.MaxInt32 {
		return 0, syscall.EMSGSIZE
	}
	if len(memory) > 0 {
		address = &memory[0]
	}
	result, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(address)), uintptr(len(memory)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(result), nil
}

// Put puts a message on top of the box. It does not wait for room.
func (box *Box) Put(message []byte) error {
	_, err := call(box.putNr, message)
	return os.NewSyscallError("put", err)
}

// Get takes the newest message. It does not wait: the error is syscall.ENODATA if the box is
// empty.
func (box *Box) Get() ([]byte, error) {
	for size := 4096; ; size *= 2 {
		buffer := make([]byte, size)
		length, err := call(box.getNr, buffer)
		// The message is longer than the buffer, and is still in the box.
		if errors.Is(err, syscall.EMSGSIZE) && size < math.MaxInt32/2 {
			continue
		}
		return buffer[:length], os.NewSyscallError("get", err)
	}
}

// Wait takes the newest message, and waits for one. Go's runtime waits for the device with
// epoll, so a goroutine that waits does not need a thread. The error is
// os.ErrDeadlineExceeded if there is no message in time, and syscall.EMSGSIZE if the message
// is longer than the buffer; it is then still in the box.
func Wait(buffer []byte, timeout time.Duration) (int, error) {
	file, err := os.Open(device)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := file.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	length, err := file.Read(buffer)
	// The end of a file, for Go. It is a message of no bytes.
	if err == io.EOF {
		err = nil
	}
	return length, err
}

func hello() error {
	box, err := Open()
	if err != nil {
		return err
	}
	if err := box.Put([]byte("hello")); err != nil {
		return err
	}
	message, err := box.Get()
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", message)
	return helloFromAnother(box)
}

// helloFromAnother waits for a message that another goroutine puts.
func helloFromAnother(box *Box) error {
	put := make(chan error, 1)
	buffer := make([]byte, 64)

	go func() { put <- box.Put([]byte("hello again")) }()
	length, err := Wait(buffer, 10*time.Second)
	if err := <-put; err != nil {
		return err
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", buffer[:length])
	return nil
}

func main() {
	if err := hello(); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}
