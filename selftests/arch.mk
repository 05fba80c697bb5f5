# SPDX-License-Identifier: GPL-2.0
#
# The architecture that the compiler compiles for, and what is not for it. To be included
# before lib.mk, which sets CC.

here := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
machine := $(shell $(if $(filter command,$(origin CC)),$(CC),$(CROSS_COMPILE)gcc) -dumpmachine)
architecture := $(if $(filter aarch64%,$(machine)),arm64,x86)

# The programs, scripts and files that are for another architecture.
not_for_it := $(shell awk '!/^\#/ && NF && $$2 != "$(architecture)" { print $$1 }' $(here)/architectures)

# Each architecture has an arch.h, and other headers of the same names.
CPPFLAGS += -I$(here)/lib/$(architecture)

# The compiler of 32-bit programs that run on kernels of this architecture.
CC32 ?= $(if $(filter arm64,$(architecture)),arm-linux-gnueabihf-gcc -marm -march=armv7-a+fp,$(CC) -m32)
