// SPDX-License-Identifier: MIT
//! hello [URL]: puts a message into the box, takes it out again and prints it.
//!
//!     rustc --edition 2021 hello.rs        (libmsgbox must be installed)

use std::ffi::{CStr, CString};
use std::fmt;
use std::io;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr;
use std::slice;

/// The functions of libmsgbox that this program uses, as in msgbox.h.
mod sys {
    use super::{c_char, c_int, c_void};

    #[repr(C)]
    pub struct Msgbox {
        _private: [u8; 0],
    }

    #[link(name = "msgbox")]
    extern "C" {
        pub fn msgbox_open(url: *const c_char) -> *mut Msgbox;
        pub fn msgbox_close(msgbox: *mut Msgbox);
        pub fn msgbox_put(msgbox: *mut Msgbox, message: *const c_void, length: usize) -> c_int;
        pub fn msgbox_take(
            msgbox: *mut Msgbox,
            buffer: *mut *mut c_void,
            size: *mut usize,
            timeout_ms: c_int,
        ) -> isize;
        pub fn msgbox_error() -> *const c_char;
    }

    extern "C" {
        pub fn free(memory: *mut c_void);
    }
}

/// What the library says of an error, and errno: `error.os.kind()`, `error.os.raw_os_error()`.
#[derive(Debug)]
struct Error {
    os: io::Error,
    text: String,
}

impl Error {
    /// The error of the library's last call. errno first, before anything changes it.
    fn last() -> Error {
        let os = io::Error::last_os_error();
        // SAFETY: the text is valid until this thread's next call of the library.
        let text = unsafe { CStr::from_ptr(sys::msgbox_error()) };
        Error { os, text: text.to_string_lossy().into_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.os)
    }
}

struct Msgbox(*mut sys::Msgbox);

// SAFETY: the library allows several threads to use a handle at once.
unsafe impl Send for Msgbox {}
unsafe impl Sync for Msgbox {}

impl Msgbox {
    /// Opens the kernel's box, or the one that the URL names.
    fn open(url: Option<&CStr>) -> Result<Msgbox, Error> {
        // SAFETY: NULL is allowed.
        let handle = unsafe { sys::msgbox_open(url.map_or(ptr::null(), CStr::as_ptr)) };
        if handle.is_null() {
            return Err(Error::last());
        }
        Ok(Msgbox(handle))
    }

    fn put(&self, message: &[u8]) -> Result<(), Error> {
        // SAFETY: the library reads these bytes only, and only until it returns.
        match unsafe { sys::msgbox_put(self.0, message.as_ptr().cast(), message.len()) } {
            0 => Ok(()),
            _ => Err(Error::last()),
        }
    }

    /// Takes the newest message. Waits for one, for `timeout_ms` milliseconds at most. 0 does
    /// not wait.
    fn take(&self, timeout_ms: c_int) -> Result<Vec<u8>, Error> {
        let (mut buffer, mut size) = (ptr::null_mut(), 0);
        // SAFETY: the library makes the buffer, which free() releases, also after an error.
        unsafe {
            let length = sys::msgbox_take(self.0, &mut buffer, &mut size, timeout_ms);
            let result = match length {
                0 => Ok(Vec::new()),
                1.. => Ok(slice::from_raw_parts(buffer as *const u8, length as usize).to_vec()),
                _ => Err(Error::last()),
            };
            sys::free(buffer);
            result
        }
    }
}

impl Drop for Msgbox {
    fn drop(&mut self) {
        // SAFETY: nothing uses the handle any more.
        unsafe { sys::msgbox_close(self.0) }
    }
}

fn hello(url: Option<String>) -> Result<(), Box<dyn std::error::Error>> {
    let url = url.map(CString::new).transpose()?;
    let msgbox = Msgbox::open(url.as_deref())?;

    msgbox.put(b"hello")?;
    println!("{}", String::from_utf8_lossy(&msgbox.take(0)?));
    Ok(())
}

fn main() {
    let url = std::env::args().nth(1).or_else(|| std::env::var("MSGBOX_URL").ok());

    if let Err(error) = hello(url) {
        eprintln!("hello: {error}");
        std::process::exit(1);
    }
}
