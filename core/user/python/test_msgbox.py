# SPDX-License-Identifier: GPL-2.0
"""Tests of msgbox.py with the box that the environment variable MSGBOX_URL names, which must
be empty:

    MSGBOX_URL=redis://localhost/test python3 -W error -m unittest

With MSGBOX_URL=kernel: they test it with the kernel module.
"""

import contextlib
import copy
import dataclasses
import errno
import faulthandler
import inspect
import math
import os
import pathlib
import pickle
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import msgbox

URL = os.environ["MSGBOX_URL"]
IS_KERNEL = URL == "kernel:"
HERE = pathlib.Path(__file__).resolve().parent
# Longer than any wait that succeeds.
LONG = 30

# A deadlock ends the tests, and shows where.
faulthandler.dump_traceback_later(480 if IS_KERNEL else 240, exit=True)


def run_python(code, **environment):
    """Runs Python code in another process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=HERE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def until(condition):
    """Waits until it is true, or fails."""
    deadline = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it has not become true: " + inspect.getsource(condition).strip())
        time.sleep(0.01)


def sleeps(process):
    """Is the process's first thread asleep? Looks for a while: it may sleep for an instant, too,
    while it asks the server something."""
    for _ in range(20):
        if pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "S":
            return False
        time.sleep(0.005)
    return True


def put_when_asleep(process, message):
    """Puts a message from a process of its own, once this one waits."""
    script = (
        "import sys, time, msgbox, test_msgbox as t\n"
        f"t.until(lambda: t.sleeps({process}))\n"
        f"msgbox.Box(t.URL).put({message!r})\n"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=HERE)


class BoxTest(unittest.TestCase):
    """A test begins and ends with an empty box."""

    def setUp(self):
        self.box = msgbox.Box(URL)
        self.assertRaises(msgbox.Empty, self.box.get)

    def tearDown(self):
        left = []
        with msgbox.Box(URL) as box:
            try:
                while True:
                    left.append(box.get())
            except msgbox.Empty:
                pass
        self.assertEqual([], left)

    def started(self, function, *arguments):
        """Starts a thread, and returns it with the list that will have the result."""
        result = []

        def run():
            try:
                result.append(function(*arguments))
            except Exception as error:
                result.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, result


class Messages(BoxTest):
    def test_the_newest_message_comes_first(self):
        for message in b"one", b"two", b"three":
            self.assertIsNone(self.box.put(message))
        self.assertEqual([b"three", b"two", b"one"], [self.box.get() for _ in range(3)])

    def test_all_bytes_and_no_bytes(self):
        for message in b"", b"\0", bytes(range(256)), b"a\0b":
            with self.subTest(message=message):
                self.box.put(message)
                got = self.box.get()
                self.assertIs(bytes, type(got))
                self.assertEqual(message, got)

    def test_an_empty_message_ends_a_wait(self):
        self.box.put(b"")
        self.assertEqual(b"", self.box.wait(LONG))

    def test_any_length(self):
        for length in 4095, 4096, 4097, 65536, 1 << 20:
            with self.subTest(length=length):
                message = os.urandom(length)
                self.box.put(message)
                self.assertEqual(message, self.box.get())
                self.box.put(message)
                self.assertEqual(message, self.box.wait(LONG))

    def test_memory_is_freed(self):
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        message = bytes(1 << 20)
        for i in range(60):
            self.box.put(message)
            self.assertEqual(message, self.box.get())
            if i == 10:
                before = peak()
        # In KiB: less than half of the messages since.
        self.assertLess(peak() - before, 25 * 1024)

    def test_bytes_like_objects(self):
        for message in bytearray(b"abc"), memoryview(b"abc"), memoryview(b"axbxcx")[::2]:
            with self.subTest(kind=type(message)):
                self.box.put(message)
                self.assertEqual(b"abc", self.box.get())

    def test_bytes_that_say_another_length(self):
        class Longer(bytes):
            def __len__(self):
                return 4000

        self.box.put(Longer(b"abc"))
        self.assertEqual(b"abc", self.box.get())

    def test_what_is_not_bytes_is_refused(self):
        for message in "text", 3, None, [1, 2]:
            with self.subTest(message=message), self.assertRaises(TypeError):
                self.box.put(message)

    def test_iteration(self):
        for message in b"1", b"2", b"3":
            self.box.put(message)
        messages = iter(self.box)
        self.assertEqual([b"3", b"2", b"1"], [next(messages) for _ in range(3)])

    def test_figures(self):
        before = self.box.figures()
        self.box.put(b"12345")
        self.box.put(b"123")
        figures = self.box.figures()
        self.assertEqual(0, before.count)
        self.assertEqual(2, figures.count)
        # A figure that a server does not have.
        self.assertEqual(0 if IS_KERNEL else None, figures.pending)
        self.assertEqual("count", dataclasses.fields(figures)[0].name)
        self.box.get()
        self.assertEqual(1, self.box.figures().count)
        self.box.get()

    def test_figures_are_those_of_the_header(self):
        header = (HERE.parent / "msgbox.h").read_text()
        members = re.search(r"struct msgbox_figures {(.*?)};", header, re.S).group(1)
        self.assertEqual(
            re.findall(r"uint64_t (\w+);", members),
            [field.name for field in dataclasses.fields(msgbox.Figures)],
        )


class Errors(BoxTest):
    def test_empty(self):
        with self.assertRaises(msgbox.Empty) as caught:
            self.box.get()
        self.assertIsInstance(caught.exception, OSError)
        self.assertEqual(errno.ENODATA, caught.exception.errno)
        self.assertIn("empty", caught.exception.strerror)

    def test_texts_are_the_librarys(self):
        with self.assertRaises(OSError) as caught:
            msgbox.Box("nonsense")
        self.assertEqual(errno.EINVAL, caught.exception.errno)
        self.assertNotEqual(os.strerror(errno.EINVAL), caught.exception.strerror)
        self.assertIn("the URL must", caught.exception.strerror)

    @unittest.skipIf(IS_KERNEL, "the library may have been built without servers")
    def test_no_server(self):
        with self.assertRaises(ConnectionRefusedError) as caught:
            # Nothing listens on port 1.
            msgbox.Box("redis://127.0.0.1:1/key").get()
        self.assertEqual(errno.ECONNREFUSED, caught.exception.errno)

    @unittest.skipIf(IS_KERNEL, "the library may have been built without servers")
    def test_a_connection_that_breaks(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"{folder}/socket")
            listener.listen()
            # A test that fails must not wait for the thread.
            listener.settimeout(60)

            def serve():
                connection, _ = listener.accept()
                with connection:
                    while b"LPUSH" not in (request := connection.recv(65536)):
                        is_figures = b"figure" in request
                        connection.sendall(b"*4\r\n" + 4 * b":0\r\n" if is_figures else b":0\r\n")
                    listener.close()

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            box = msgbox.Box(f"redis+unix://{folder}/socket?key=key&timeout=100")
            with self.assertRaises(msgbox.Unknown) as caught:
                box.put(b"x")
            self.assertEqual(errno.EINPROGRESS, caught.exception.errno)
            thread.join()

    @unittest.skipIf(IS_KERNEL, "the module is loaded")
    def test_no_module(self):
        for url in None, "", "kernel:":
            with self.subTest(url=url), self.assertRaises(OSError) as caught:
                msgbox.Box(url)
            self.assertEqual(errno.ENOSYS, caught.exception.errno)
            self.assertIn("not loaded", caught.exception.strerror)

    def test_a_nul_in_the_url(self):
        # It would name another key.
        self.assertRaises(ValueError, msgbox.Box, URL + "\0x")

    def test_closed(self):
        box = msgbox.Box(URL)
        with box as entered:
            self.assertIs(box, entered)
        box.close()
        for call in lambda: box.put(b"x"), box.get, box.wait, box.figures:
            self.assertRaisesRegex(ValueError, "closed", call)

    def test_close_frees_the_connection(self):
        def files():
            return len(os.listdir("/proc/self/fd"))

        before = files()
        boxes = [msgbox.Box(URL) for _ in range(10)]
        errors = []
        for box in boxes:
            try:
                box.wait(0.001)
            except TimeoutError as error:
                # Its traceback must not keep the connection.
                errors.append(error)
        self.assertEqual(before + 10, files())
        for box in boxes:
            box.close()
        self.assertEqual(before, files())

    def test_a_box_is_not_copied(self):
        # Two would free the same memory.
        self.assertRaises(TypeError, copy.deepcopy, self.box)
        self.assertRaises(TypeError, pickle.dumps, self.box)

    def test_a_box_that_failed_to_open_can_be_deleted(self):
        self.assertEqual("", run_python("import msgbox\ntry: msgbox.Box('x:')\nexcept OSError: pass").stderr)

    def test_a_box_that_is_left_open_when_python_ends(self):
        self.assertEqual("", run_python(f"import msgbox\nbox = msgbox.Box({URL!r})").stderr)


class Waiting(BoxTest):
    def test_no_message_in_time(self):
        for timeout in 0, 0.0, 0.0001, 0.2:
            with self.subTest(timeout=timeout):
                start = time.monotonic()
                with self.assertRaises(TimeoutError) as caught:
                    self.box.wait(timeout)
                self.assertEqual(errno.ETIMEDOUT, caught.exception.errno)
                self.assertGreaterEqual(time.monotonic() - start, timeout)

    def test_a_timeout_is_in_seconds(self):
        thread, result = self.started(self.box.wait, 2)
        time.sleep(0.5)
        self.assertEqual([], result)
        thread.join()
        self.assertIsInstance(result[0], TimeoutError)

    def test_wrong_timeouts(self):
        for timeout in -1, -0.001, math.nan:
            with self.subTest(timeout=timeout):
                self.assertRaisesRegex(ValueError, "timeout", self.box.wait, timeout)
        for timeout in 2.2e6, math.inf:
            with self.subTest(timeout=timeout):
                self.assertRaisesRegex(OverflowError, "None", self.box.wait, timeout)

    def test_a_wait_ends_with_a_message(self):
        for timeout in None, LONG:
            with self.subTest(timeout=timeout):
                putter = put_when_asleep(os.getpid(), b"late")
                self.addCleanup(putter.wait)
                self.addCleanup(putter.kill)
                self.assertEqual(b"late", self.box.wait(timeout))
                self.assertEqual(0, putter.wait())

    def test_other_threads_run_during_a_wait(self):
        thread, result = self.started(self.box.wait, LONG)
        until(lambda: sleeps(f"self/task/{thread.native_id}"))
        self.box.put(b"from another thread")
        thread.join()
        self.assertEqual([b"from another thread"], result)

    def test_close_during_a_wait(self):
        thread, result = self.started(self.box.wait, LONG)
        until(lambda: sleeps(f"self/task/{thread.native_id}"))
        self.box.close()
        with msgbox.Box(URL) as other:
            other.put(b"after close")
        thread.join()
        self.assertEqual([b"after close"], result)


class Signals(BoxTest):
    @contextlib.contextmanager
    def ringing(self, handler):
        """Calls the handler every few milliseconds."""
        # A wait that never ends would begin anew for ever.
        end = time.monotonic() + LONG

        def ring(*_):
            if time.monotonic() > end:
                signal.setitimer(signal.ITIMER_REAL, 0)
            handler()

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def test_ctrl_c_ends_a_wait(self):
        for timeout in None, LONG:
            with self.subTest(timeout=timeout):
                code = f"import msgbox; box = msgbox.Box({URL!r}); print(flush=True); box.wait({timeout})"
                waiter = subprocess.Popen(
                    [sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
                self.addCleanup(waiter.communicate)
                self.addCleanup(waiter.kill)
                waiter.stdout.readline()
                until(lambda: sleeps(waiter.pid))
                waiter.send_signal(signal.SIGINT)
                _, errors = waiter.communicate(timeout=LONG / 2)
                self.assertEqual(-signal.SIGINT, waiter.returncode, errors)
                self.assertIn("KeyboardInterrupt", errors)

    def test_a_handler_that_returns_does_not_end_a_wait(self):
        calls = []
        start = time.monotonic()
        with self.ringing(lambda: calls.append(None)), self.assertRaises(TimeoutError):
            self.box.wait(0.5)
        self.assertGreater(len(calls), 3)
        self.assertGreaterEqual(time.monotonic() - start, 0.5)
        # The handler's calls did not begin the time anew: that would have lasted LONG.
        self.assertLess(time.monotonic() - start, LONG / 2)

    def test_a_wait_without_an_end_goes_on_after_a_handler(self):
        calls = []
        with self.ringing(lambda: calls.append(None)):
            thread, _ = self.started(lambda: (until(lambda: len(calls) > 3), self.box.put(b"late")))
            self.assertEqual(b"late", self.box.wait())
            thread.join()

    def test_a_handlers_exception_ends_a_wait(self):
        def fail():
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise ZeroDivisionError

        with self.ringing(fail):
            self.assertRaises(ZeroDivisionError, self.box.wait, LONG)

    def test_a_handlers_own_errors_do_not_matter(self):
        calls = []

        def get():
            with self.assertRaises(msgbox.Empty):
                other.get()
            with self.assertRaises(OSError):
                msgbox.Box("nonsense")
            calls.append(None)

        with msgbox.Box(URL) as other, self.ringing(get), self.assertRaises(TimeoutError):
            self.box.wait(1)
        self.assertGreater(len(calls), 3)


class Concurrency(BoxTest):
    def test_threads_share_a_box(self):
        each, count = 300, 4
        sent = [b"%d %d" % (who, i) for who in range(count) for i in range(each)]
        got = []

        def put(who):
            for i in range(each):
                self.box.put(b"%d %d" % (who, i))

        def take():
            for _ in range(each):
                got.append(self.box.wait(LONG))

        threads = [self.started(put, who) for who in range(count)]
        threads += [self.started(take) for _ in range(count)]
        for thread, _ in threads:
            thread.join()
        self.assertEqual([[None]] * 2 * count, [result for _, result in threads])
        self.assertEqual(sorted(sent), sorted(got))

    def test_each_thread_has_its_own_errors(self):
        def empty():
            return all(isinstance(self.failure(self.box.get), msgbox.Empty) for _ in range(300))

        def wrong():
            return all("the URL must" in str(self.failure(lambda: msgbox.Box("nonsense"))) for _ in range(300))

        threads = [self.started(function) for function in (empty, wrong) * 2]
        for thread, result in threads:
            thread.join()
            self.assertEqual([True], result)

    def failure(self, function):
        try:
            function()
        except OSError as error:
            return error

    def test_the_child_of_a_fork_has_a_connection_of_its_own(self):
        self.assertRaises(TimeoutError, self.box.wait, 0.001)
        child = os.fork()
        if not child:
            status = 1
            try:
                status = 0 if self.exchange(b"child") else 2
            finally:
                os._exit(status)
        # At the same time as the child: an answer must not reach the other one.
        works = self.exchange(b"parent")
        _, status = os.waitpid(child, 0)
        self.assertEqual(0, os.waitstatus_to_exitcode(status))
        self.assertTrue(works)

    def exchange(self, name):
        for i in range(200):
            self.box.put(b"%s %d" % (name, i))
            if not re.fullmatch(rb"(child|parent) \d+", self.box.wait(LONG)):
                return False
        return True


class Installed(unittest.TestCase):
    def test_one_version(self):
        source = (HERE.parent.parent / "main.c").read_text()
        version = re.search(r'^MODULE_VERSION\("([^"]+)"\);$', source, re.M)
        self.assertIsNotNone(version, "core/main.c has no MODULE_VERSION")
        self.assertEqual(version[1], msgbox.__version__)
        self.assertEqual(version[1], msgbox.library_version())

    def test_no_library(self):
        result = run_python("import msgbox", LIBMSGBOX_PATH="/nonexistent/libmsgbox.so.0")
        self.assertEqual(1, result.returncode)
        last = result.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("ImportError: msgbox: "), last)
        for part in "/nonexistent/libmsgbox.so.0", "Install libmsgbox", "LIBMSGBOX_PATH":
            self.assertIn(part, last)

    def test_another_library(self):
        result = run_python("import msgbox", LIBMSGBOX_PATH="libc.so.6")
        self.assertRegex(result.stderr, r"\nImportError: msgbox: libc.so.6 is not libmsgbox")

    def test_the_module_is_this_one(self):
        # Or the one that is installed, if the script that runs the tests has said so.
        expected = os.environ.get("MSGBOX_MODULE", HERE / "msgbox.py")
        self.assertTrue(os.path.samefile(expected, msgbox.__file__), msgbox.__file__)

    def test_all_is_documented(self):
        for name in msgbox.__all__:
            thing = getattr(msgbox, name)
            self.assertTrue(thing.__doc__, name)
            for part, method in vars(thing).items() if inspect.isclass(thing) else ():
                if inspect.isfunction(method) and not part.startswith("_"):
                    self.assertTrue(method.__doc__, f"{name}.{part}")


if __name__ == "__main__":
    unittest.main()
