# SPDX-License-Identifier: GPL-2.0
#
# The targets for people; Kbuild lists the module's objects. Each command installs
# and downloads what it needs.

SHELL := /bin/bash
KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= $(shell . scripts/lib/common.sh && default_kernel)

# For kselftest and kselftest-all: TESTS='cgroup|original_.*' selects tests, CPUS=4 sets
# the processors of the virtual machines, CYCLES=100 how often to load and unload the
# module under load. KERNELS='.*-arm64' selects the kernels of kselftest-all.
KSELFTEST_OPTIONS = $(if $(CYCLES),--cycles $(CYCLES)) $(if $(TESTS),--tests '$(TESTS)') \
	$(if $(CPUS),--cpus $(CPUS))
SELECTED_KERNELS = $(if $(KERNELS),--kernels '$(KERNELS)')

# is_on VALUE: SHORT=0 is like no SHORT
is_on = $(filter-out 0 n no,$(1))

# no_kernel WHY: refuses KERNEL=, which the target would ignore
no_kernel = $(if $(filter-out file,$(origin KERNEL)),$(error $@ ignores KERNEL=$(KERNEL): $(1)))

# W=1, C=2, V=1 and the like go to kbuild.
KBUILD_ARGS = $(filter-out KDIR=% KERNEL=%,$(MAKEOVERRIDES))

# Without kernel headers to build against, `make` alone prints the help.
ifneq ($(origin KDIR)$(wildcard $(KDIR)/include/generated/utsrelease.h),file)
.DEFAULT_GOAL := modules
else
.DEFAULT_GOAL := help
endif

.PHONY: modules load status unload demo kselftest kselftest-all kselftest-debug kselftest-cet \
	kselftest-modes user-check coverage shell bench bench-check bench-boxes bench-update models mutants fuzz soak \
	check newcomer deb install uninstall dkms dkms-remove package-test help clean distclean

##@ Try it

demo:			## run the demonstration on a stock kernel in a virtual machine
	@scripts/commands/demo/run $(KERNEL)

shell:			## open a shell in a virtual machine with the module loaded
	@scripts/commands/shell $(KERNEL)

##@ Use it

modules:		## build dm510_msgbox.ko for the running kernel, or KDIR=<kernel headers>
	@scripts/setup/build-module $(KDIR) $(KBUILD_ARGS)
	@cp build/module/$$(scripts/setup/build-module --release $(KDIR))/dm510_msgbox.ko .

load:			## (root) build the module and load it into the running kernel
	@scripts/commands/load $(KDIR)

status:			## show whether the module is loaded and its system call responds
	@scripts/commands/status

unload:			## (root) unload the module
	@scripts/commands/unload

##@ Install it

deb:			## build Debian packages in build/deb for this machine, or SUITE=<trixie or bookworm>
	$(call no_kernel,the packages are for all kernels of SUITE)
	@scripts/commands/deb $(SUITE)

install:		## (root) install library, command and documents below PREFIX=/usr/local (DESTDIR=)
	@scripts/setup/install-tools install
	@$(if $(filter-out root,$(SUDO_USER)),sudo -u "$$(. scripts/lib/common.sh && owner)") $(MAKE) --no-print-directory -C core/user $(MAKEOVERRIDES)
	@$(MAKE) --no-print-directory -C core/user install

uninstall:		## (root) remove them
	@$(MAKE) --no-print-directory -C core/user uninstall

dkms:			## (root) let DKMS build the module, now and for new kernels
	@scripts/commands/dkms add $(KDIR)

dkms-remove:		## (root) unload it and take it away from DKMS
	@scripts/commands/dkms remove

##@ Test it

kselftest:		## run the tests in a virtual machine (TESTS=<pattern>, CPUS=, CYCLES=)
	@scripts/commands/kselftest $(KSELFTEST_OPTIONS) $(KERNEL)

user-check:		## test the library, the command and the examples here, with servers (SHORT=1: less)
	$(call no_kernel,it tests no module)
	@scripts/commands/user-check $(if $(call is_on,$(SHORT)),--short)

kselftest-all:		## run the tests on all stock kernels, or KERNELS=<pattern> (SHORT=1: parts of them on six)
	$(call no_kernel,use KERNELS=$(KERNEL))
	@scripts/commands/kselftest-all $(SELECTED_KERNELS) $(if $(call is_on,$(SHORT)),--short) $(KSELFTEST_OPTIONS)

kselftest-debug:	## run the tests on debug kernels: memory, locks, races (SHORT=1: fewer tests)
	$(call no_kernel,use KERNELS=$(KERNEL))
	@scripts/commands/kselftest-all --debug $(SELECTED_KERNELS) $(if $(call is_on,$(SHORT)),--short) $(KSELFTEST_OPTIONS)

kselftest-cet:		## run some tests on processors with branch tracking and shadow stacks
	$(call no_kernel,it runs on three kernels; scripts/commands/kselftest-cet takes others)
	@scripts/commands/kselftest-cet

kselftest-modes:	## run a few tests with other boot options, or on an older processor (KERNEL=6.1-arm64)
	@scripts/commands/kselftest-modes $(if $(filter-out file,$(origin KERNEL)),$(KERNEL))

fuzz:			## make random calls, guided by coverage, for five minutes, or SECONDS=<number>
	@scripts/commands/fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(if $(filter-out file,$(origin KERNEL)),$(KERNEL))

soak:			## run traffic, faults, limits and reloads for ten minutes, or MINUTES=<number>
	@scripts/commands/soak $(if $(MINUTES),--minutes $(MINUTES)) $(KERNEL)

package-test:		## (root) install, use, upgrade and purge the packages (SUITE=bookworm, SHORT=1, PLANT=)
	$(call no_kernel,it runs on the kernel of SUITE)
	@scripts/commands/package-test $(if $(call is_on,$(SHORT)),--short) $(if $(PLANT),--plant $(PLANT)) $(SUITE)

##@ Measure it

bench:			## compare the box with the kernel's own message passing (SHORT=1: quick trial; LIVE=1: on this machine)
	@scripts/commands/bench/run $(if $(call is_on,$(LIVE)),--live) $(if $(call is_on,$(SHORT)),--short) $(if $(MODE),--mode $(MODE)) \
		$(if $(and $(call is_on,$(LIVE)),$(filter file,$(origin KERNEL))),,$(KERNEL))

bench-check:		## compare the box's instructions with the committed figures
	@scripts/commands/bench/check $(KERNEL)

bench-boxes:		## compare the kernel's box with one on a Redis server, through the library
	@scripts/commands/bench/boxes $(KERNEL)

bench-update:		## replace the committed figures with those of the last `make bench`
	@scripts/commands/bench/update

##@ Develop it

check:			## check sources and documents: warnings, sparse, coding style, spelling, links
	@scripts/commands/check $(KERNEL)

mutants:		## plant bugs one at a time and check that tests catch them (SHORT=1: a few bugs)
	$(call no_kernel,each bug names its kernel)
	@scripts/commands/mutants $(if $(call is_on,$(SHORT)),--short)

models:			## check the models of the box, waiting, unloading, namespaces and memory order
	$(call no_kernel,models need none)
	@scripts/commands/models

coverage:		## show which lines and branches of the module the tests execute
	$(call no_kernel,it runs on one kernel)
	@scripts/commands/coverage

newcomer:		## (root) run `make demo` and `make kselftest` on a fresh Debian (SUITE=trixie)
	@scripts/commands/newcomer $(if $(COMMANDS),--commands '$(COMMANDS)') $(or $(SUITE),trixie) \
		$(foreach variable,$(filter-out SUITE=% COMMANDS=%,$(MAKEOVERRIDES)),'$(variable)')

##@ Help and cleanup

help:			## show this list
	@echo "make [target] [VARIABLE=value]"
	@sed -n -e 's/^##@ \(.*\)/\n\1:/p' -e 's/^\([a-z-]*\):[^#]*##/  \1\t/p' Makefile | expand -t 20
	@printf '\nKERNEL is one of: %s\n' "$$(awk '!/^#/ { printf "%s ", $$1 }' scripts/kernels)"

# What is hidden among downloads was left by commands that were killed.
clean:			## remove build results, keep downloads
	@rm -rf dm510_msgbox.ko
	@[[ ! -d build ]] || find build -mindepth 1 -maxdepth 1 \
		! -name kernels ! -name roots ! -name apt ! -name linux-source ! -name 'accel-*' -exec rm -rf {} +
	@for folder in build/kernels build/roots; do \
		[[ ! -d $$folder ]] || find $$folder -mindepth 1 -maxdepth 1 -name '.*' -exec rm -rf {} + || exit; done

distclean:		## remove build results and downloads
	@rm -rf dm510_msgbox.ko build
