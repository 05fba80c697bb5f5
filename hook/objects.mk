# SPDX-License-Identifier: GPL-2.0
#
# For the Kbuild of a module that links hook/ into itself: sets hook-objects, relative to
# this folder, for the architecture of the kernel.

hook-dir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
hook-objects := guard.o numbers.o symbol.o syscall_hook.o

ifdef CONFIG_ARM64
hook-arch := arm64
hook-objects += arm64/attach.o arm64/code.o arm64/way.o
else
hook-arch := x86
hook-objects += x86/attach.o x86/bounds.o x86/dispatch.o x86/raise.o x86/text.o
hook-objects += x86/trampoline.o x86/way.o
endif

# Each architecture has a syscall_hook_arch.h, a state.h and so on.
ccflags-y += -I$(hook-dir) -I$(hook-dir)/$(hook-arch)
asflags-y += -I$(hook-dir)/$(hook-arch)
