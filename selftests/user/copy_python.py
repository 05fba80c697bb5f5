# SPDX-License-Identifier: GPL-2.0
"""copy_python.py FOLDER: copies this interpreter there, with the parts of its library that
the tests of msgbox.py use. `PYTHONHOME=FOLDER FOLDER/python3` runs it."""

# A failed test imports difflib, `-m` runpy.
import difflib  # noqa: F401
import pathlib
import runpy  # noqa: F401
import shutil
import sys
import sysconfig
import unittest.main  # noqa: F401

# What it imports, the tests need.
import test_msgbox  # noqa: F401

folder = pathlib.Path(sys.argv[1])
library = pathlib.Path(sysconfig.get_path("stdlib"))
copies = folder / "lib" / library.name
files = {pathlib.Path(module.__file__) for module in sys.modules.values() if getattr(module, "__file__", None)}
files.add(library / "unittest/__main__.py")
for file in files:
    if library in file.parents and "dist-packages" not in file.parts:
        target = copies / file.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        # So vm/make-initramfs adds the libraries that it needs.
        if file.suffix == ".so":
            target.chmod(0o755)
shutil.copy(sys.executable, folder / "python3")
