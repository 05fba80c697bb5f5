#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""hello.py [URL]: puts a message into the box, takes it out again and prints it."""

import os
import sys

import msgbox


def main() -> None:
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MSGBOX_URL")

    with msgbox.Box(url) as box:
        box.put(b"hello")
        print(box.get().decode())


try:
    main()
except OSError as error:
    sys.exit(f"hello.py: {error.strerror}")
