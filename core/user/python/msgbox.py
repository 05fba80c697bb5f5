# SPDX-License-Identifier: LGPL-2.1-or-later
"""A box of messages, last in, first out.

The box is the one of the kernel module dm510_msgbox, for the processes of one machine, or
a list on a Redis or Valkey server, for several machines::

    import msgbox

    with msgbox.Box() as box:                   # or Box("redis://localhost/letters")
        box.put(b"hello")
        print(box.get())                        # msgbox.Empty if there is none
        print(box.wait(timeout=1.5))            # TimeoutError if none comes in time

Errors are OSError with errno and a text that says what to do: PermissionError,
ConnectionError, BlockingIOError if the box is full, msgbox.Unknown if it is not known whether
a call had an effect, and so on. Threads may share a Box; a
thread that waits does not hold up the others. With asyncio, use
``await asyncio.to_thread(box.wait, timeout)``.

This module needs the C library libmsgbox.so.0. The environment variable LIBMSGBOX_PATH can
name its file.
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import math
import os
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NoReturn

__all__ = ["Box", "Empty", "Figures", "Unknown", "library_version"]
__version__ = "1.0.0"

_INT_MAX = 2**31 - 1
_FOREVER = -1
_UNKNOWN = 2**64 - 1


class Empty(OSError):
    """There is no message in the box."""


class Unknown(OSError):
    """The connection to the server broke, and it is not known whether the call had an effect.

    Its errno is EINPROGRESS, which as an OSError would be a BlockingIOError, as if the box were
    full. put() may have put the message: to put it again can double it. If get() or wait()
    took a message, the box's next get() or wait() returns it.
    """


@dataclasses.dataclass(frozen=True)
class Figures:
    """The figures of a box. None: this kind of box does not have the figure."""

    count: int | None
    """messages in the box"""
    bytes: int | None
    """their length together"""
    memory: int | None
    """bytes of kernel memory that the box holds"""
    pending: int | None
    """bytes that puts in progress hold"""
    puts: int | None
    """messages put so far"""
    gets: int | None
    """messages taken so far"""
    waiting: int | None
    """readers that wait for a message"""
    max_message_bytes: int | None
    """the longest message allowed"""
    max_bytes: int | None
    """bytes that the box may hold"""
    max_pending_bytes: int | None
    """bytes that puts in progress may hold"""


class _CFigures(ctypes.Structure):
    """struct msgbox_figures, which has the same members in the same order."""

    _fields_ = [(field.name, ctypes.c_uint64) for field in dataclasses.fields(Figures)]


def _load() -> ctypes.CDLL:
    path = os.environ.get("LIBMSGBOX_PATH") or "libmsgbox.so.0"
    try:
        return ctypes.CDLL(path, use_errno=True)
    except OSError as error:
        raise ImportError(
            f"msgbox: cannot load the C library: {error}. Install libmsgbox and run ldconfig, "
            "or set LIBMSGBOX_PATH to the file libmsgbox.so.0",
            path=path,
        ) from None


def _declare(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    """Returns a function of the library, which runs without Python's global lock."""
    try:
        function = library[name]
    except AttributeError:
        raise ImportError(f"msgbox: {library._name} is not libmsgbox: it has no {name}()") from None
    function.restype = result
    function.argtypes = arguments
    return function


_void_p = ctypes.c_void_p
_size_t = ctypes.c_size_t
_library = _load()
_open = _declare(_library, "msgbox_open", _void_p, ctypes.c_char_p)
_close = _declare(_library, "msgbox_close", None, _void_p)
_put = _declare(_library, "msgbox_put", ctypes.c_int, _void_p, _void_p, _size_t)
_take = _declare(
    _library,
    "msgbox_take",
    ctypes.c_ssize_t,
    _void_p,
    ctypes.POINTER(_void_p),
    ctypes.POINTER(_size_t),
    ctypes.c_int,
)
_read_figures = _declare(
    _library, "msgbox_read_figures", ctypes.c_int, _void_p, ctypes.POINTER(_CFigures)
)
_error = _declare(_library, "msgbox_error", ctypes.c_char_p)
_version = _declare(_library, "msgbox_version", ctypes.c_char_p)
_free = _declare(ctypes.CDLL(None), "free", None, _void_p)


def library_version() -> str:
    """Returns the version of the C library."""
    return str(_version().decode())


def _call(function: Any, *arguments: Any) -> tuple[Any, int]:
    """Returns the function's result, and errno if the function has failed.

    A signal's handler can run before errno has been looked at. Its own calls must keep it.
    """
    interrupted = ctypes.get_errno()
    try:
        result = function(*arguments)
        failed = result is None or result < 0
        return result, ctypes.get_errno() if failed else 0
    finally:
        ctypes.set_errno(interrupted)


def _fail(error: int) -> NoReturn:
    """Raises the error of this thread's last call."""
    text = _error().decode(errors="replace")
    if error == errno.ENODATA:
        raise Empty(error, text)
    if error == errno.EINPROGRESS:
        raise Unknown(error, text)
    raise OSError(error, text)


# In another PID namespace a child can have its parent's process ID.
_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_count_fork)


def _this_process() -> tuple[int, int]:
    return os.getpid(), _forks


class _Handle:
    """What msgbox_open() returns. It is closed when nothing refers to it any more, so it
    stays open during a call."""

    _as_parameter_: int | None = None

    def __init__(self, url: bytes | None) -> None:
        self.process = _this_process()
        self._as_parameter_, error = _call(_open, url)
        if self._as_parameter_ is None:
            _fail(error)

    # The default exists even while the interpreter ends.
    def __del__(self, close: Any = _close) -> None:
        if self._as_parameter_ is not None:
            close(self)

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a msgbox.Box cannot be copied or pickled: open another one")


def _take_with(handle: _Handle, timeout_ms: int) -> tuple[bytes | None, int]:
    """Takes a message of any length. Returns it, or None and errno."""
    buffer = _void_p()
    try:
        length, error = _call(
            _take, handle, ctypes.byref(buffer), ctypes.byref(_size_t()), timeout_ms
        )
        if length < 0:
            return None, error
        return ctypes.string_at(buffer, length) if length else b"", 0
    finally:
        _free(buffer)


def _deadline_in(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    if not timeout >= 0:
        raise ValueError(f"timeout is {timeout}: give seconds, 0 or more, or None to wait for ever")
    if timeout > _INT_MAX // 1000:
        raise OverflowError(f"timeout is {timeout}: it is too long, give None to wait for ever")
    return time.monotonic() + timeout


def _milliseconds_until(deadline: float | None) -> int:
    """Rounded up, as a wait must not end too early."""
    if deadline is None:
        return _FOREVER
    return max(0, math.ceil((deadline - time.monotonic()) * 1000))


class Box:
    """A box of messages. Threads may share it, and so may the processes after a fork."""

    _handle: _Handle | None = None

    def __init__(self, url: str | None = None) -> None:
        """Opens the box that the URL names, by default that of the kernel module.

        libmsgbox(3) explains the URLs of Redis and Valkey servers.
        """
        if url is not None and "\0" in url:
            raise ValueError("the URL has a NUL character")
        self._url = None if url is None else os.fsencode(url)
        self._handle = _Handle(self._url)

    def put(self, message: bytes | bytearray | memoryview) -> None:
        """Puts a message on top of the box. Does not wait for room.

        Raises BlockingIOError if the box is full, and Unknown if the connection to the server
        broke and it is not known whether the message was put.
        """
        # Another class, though derived from bytes, may have a length of its own.
        if type(message) is not bytes:
            # Not bytes(message): that makes bytes of an int, too.
            message = memoryview(message).tobytes()
        result, error = _call(_put, self._opened(), message, len(message))
        if result:
            _fail(error)

    def get(self) -> bytes:
        """Takes the newest message. Does not wait: raises Empty if there is none.

        Raises Unknown if the connection to the server broke: see there.
        """
        message, error = _take_with(self._opened(), 0)
        if message is None:
            _fail(error)
        return message

    def wait(self, timeout: float | None = None) -> bytes:
        """Takes the newest message, and waits for one while the box is empty.

        Raises TimeoutError if there is none after timeout seconds. With None it waits as
        long as it takes. Raises Unknown as get() does. A signal whose handler returns does not end the wait.

        If a signal's handler raises an exception, as Ctrl-C does, and a message comes at the
        same instant, that message can be lost, as in os.read() of a pipe. Where this matters,
        let the handler set a flag, and wait with a timeout.
        """
        deadline = _deadline_in(timeout)
        while True:
            message, error = _take_with(self._opened(), _milliseconds_until(deadline))
            if message is not None:
                return message
            if error == errno.EINTR:
                continue
            _fail(errno.ETIMEDOUT if error == errno.ENODATA else error)

    def __iter__(self) -> Iterator[bytes]:
        """Takes messages for ever, and waits for each."""
        while True:
            yield self.wait()

    def figures(self) -> Figures:
        """Reads the figures. They are not of one instant while others use the box."""
        figures = _CFigures()
        result, error = _call(_read_figures, self._opened(), ctypes.byref(figures))
        if result:
            _fail(error)
        values = (getattr(figures, name) for name, _ in _CFigures._fields_)
        return Figures(*(None if value == _UNKNOWN else value for value in values))

    def close(self) -> None:
        """Closes the box. Calls that other threads have begun end as usual."""
        self._handle = None

    def __enter__(self) -> Box:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _opened(self) -> _Handle:
        handle = self._handle
        if handle is None:
            raise ValueError("the box is closed")
        if handle.process != _this_process():
            # A connection to a server cannot be shared with the parent process.
            handle = self._handle = _Handle(self._url)
        return handle
