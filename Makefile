# SPDX-License-Identifier: GPL-2.0
#
# For people; Kbuild says what goes into the module. Each command sets up what it
# needs by itself.

SHELL := /bin/bash
KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= $(shell awk '!/^\#/ { print $$1; exit }' scripts/kernels)

# For kselftest: how often the module comes and goes under load (CYCLES=100), which
# tests (TESTS='cgroup|original_.*'), and the virtual machine's processors (CPUS=4).
KSELFTEST_OPTIONS = $(if $(CYCLES),--cycles $(CYCLES)) $(if $(TESTS),--tests '$(TESTS)') \
	$(if $(CPUS),--cpus $(CPUS))

# make W=1, C=2, V=1 and the like are meant for kbuild too.
KBUILD_ARGS = $(filter-out KDIR=% KERNEL=%,$(MAKEOVERRIDES))

# Where there is nothing to build the module for, `make` alone tells what there is.
ifneq ($(origin KDIR)$(wildcard $(KDIR)/include/generated/utsrelease.h),file)
.DEFAULT_GOAL := modules
else
.DEFAULT_GOAL := help
endif

.PHONY: modules load status unload demo kselftest kselftest-all kselftest-debug kselftest-cet \
	kselftest-modes coverage shell bench bench-check bench-update models mutants fuzz soak \
	check newcomer help clean distclean

modules:		## build dm510_msgbox.ko for the running kernel, or KDIR=<its headers>
	@scripts/setup/build-module $(KDIR) $(KBUILD_ARGS)
	@cp build/module/$$(scripts/setup/build-module --release $(KDIR))/dm510_msgbox.ko .

load:			## (root) build and load it into the running kernel
	@scripts/commands/load $(KDIR)

status:			## is it loaded, and does the system call answer?
	@scripts/commands/status

unload:			## (root) take it out again
	@scripts/commands/unload

demo:			## see it work, on a stock kernel in a virtual machine
	@scripts/commands/demo/run $(KERNEL)

kselftest:		## test it, on a stock kernel in a virtual machine (TESTS=<pattern>, CPUS=, CYCLES=)
	@scripts/commands/kselftest $(KSELFTEST_OPTIONS) $(KERNEL)

kselftest-all:		## test it on every stock kernel it knows, one after the other (SHORT=1: on five more)
	@scripts/commands/kselftest-all $(if $(SHORT),--short) $(KSELFTEST_OPTIONS)

kselftest-debug:	## test it on kernels, built here, that check memory, locks and races (SHORT=1: less)
	@scripts/commands/kselftest-all --debug $(if $(SHORT),--short) $(KSELFTEST_OPTIONS)

kselftest-cet:		## test it where the processor tracks branches and has shadow stacks, in Bochs
	@scripts/commands/kselftest-cet

kselftest-modes:	## test it, in short, in the modes that a kernel can be booted in: mitigations, preemption
	@scripts/commands/kselftest-modes $(if $(filter-out file,$(origin KERNEL)),$(KERNEL))

coverage:		## which lines and branches of the module do the tests execute?
	@scripts/commands/coverage

shell:			## a prompt in such a virtual machine, the module loaded
	@scripts/commands/shell $(KERNEL)

bench:			## measure it beside the kernel's own message passing (SHORT=1: see that it works)
	@scripts/commands/bench/run $(if $(SHORT),--short) $(if $(MODE),--mode $(MODE)) $(KERNEL)

bench-check:		## does any size cost more instructions than the committed figures say?
	@scripts/commands/bench/check $(KERNEL)

bench-update:		## make the figures of the last `make bench` the committed ones
	@scripts/commands/bench/update

mutants:		## plant bugs, each by itself, and see that the tests catch them (SHORT=1: a few)
	@scripts/commands/mutants $(if $(SHORT),--short)

fuzz:			## five minutes of made-up calls, guided by coverage, or SECONDS=<number>
	@scripts/commands/fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(filter-out file,$(origin KERNEL)),$(KERNEL))

soak:			## ten minutes of traffic, faults, limits and reloading, or MINUTES=<number>
	@scripts/commands/soak $(if $(MINUTES),--minutes $(MINUTES)) $(KERNEL)

models:			## search the models of the box and of unloading, every interleaving
	@scripts/commands/models

check:			## check the sources: warnings, sparse, checkpatch, kernel-doc, shellcheck
	@scripts/commands/check $(KERNEL)

newcomer:		## (root) see that `make demo` and `make kselftest` work on a fresh Debian (SUITE=trixie)
	@scripts/commands/newcomer $(if $(COMMANDS),--commands '$(COMMANDS)') $(or $(SUITE),trixie) \
		$(foreach variable,$(filter-out SUITE=% COMMANDS=%,$(MAKEOVERRIDES)),'$(variable)')

help:			## this list
	@echo "make [target] [VARIABLE=value]"
	@sed -n 's/^\([a-z-]*\):[^#]*##/  \1\t/p' Makefile | expand -t 20
	@echo "KERNEL is one of: $$(awk '!/^#/ { printf "%s ", $$1 }' scripts/kernels)"

clean:			## remove what was built, keep what was fetched
	@rm -rf dm510_msgbox.ko
	@[[ ! -d build ]] || find build -mindepth 1 -maxdepth 1 \
		! -name kernels ! -name roots ! -name apt ! -name linux-source ! -name 'accel-*' -exec rm -rf {} +

distclean:		## remove that as well
	@rm -rf dm510_msgbox.ko build
