# SPDX-License-Identifier: GPL-2.0
#
# Builds what user_bare.sh runs: the examples of core/user for the kernel's box. It runs in
# virtual machines without shared libraries and interpreters. To be included before
# ../room.mk.
#
# The compilers of Go and Rust need 1 GB of disk, so what is not in C or Perl is built on
# request:
#
#	USER_LANGUAGES='c perl python go rust' make kselftest TESTS=user_bare
USER_LANGUAGES ?= c perl
OUTPUT ?= $(abspath ../../build/selftests)

# Debian's compiler for Rust has the libraries of its own architecture only, and the
# interpreters are this machine's.
only_native := perl python rust
native = $(filter $(machine),$(shell gcc -dumpmachine))
languages = $(sort $(if $(native),$(USER_LANGUAGES),$(filter-out $(only_native),$(USER_LANGUAGES))))

TEST_PROGS += user_bare.sh
TEST_GEN_FILES += user_bare.languages $(languages:%=user_bare_%)

core := $(abspath ../../core)
examples := $(core)/user/examples
library := $(OUTPUT)/user_bare_library

.DEFAULT_GOAL := all
.PHONY: FORCE

# needs COMMAND, PACKAGE
needs = @command -v $(1) >/dev/null || { echo "$(1) not found: apt-get install $(2)" >&2; exit 1; }

$(OUTPUT)/user_bare.languages: FORCE | $(OUTPUT)
	@echo $(languages) | cmp -s - $@ || echo $(languages) >$@

$(OUTPUT)/user_bare_c: $(examples)/c/bare.c | $(OUTPUT)
	$(CC) $(CFLAGS) -Werror -o $@ $<

# Without the network: the example needs no module.
$(OUTPUT)/user_bare_go: $(wildcard $(examples)/go/*) | $(OUTPUT)
	$(call needs,go,golang-go)
	cd $(examples)/go && CGO_ENABLED=0 GOARCH=$(if $(filter arm64,$(architecture)),arm64,amd64) \
		GOCACHE=$(OUTPUT)/.go-cache GOPATH=$(OUTPUT)/.go GOPROXY=off GOTOOLCHAIN=local \
		go build -buildvcs=false -o $@ .

# The library is built without boxes on servers, as their libraries are not needed here.
$(library)/libmsgbox.a $(library)/libmsgbox.so.0 &: FORCE | $(OUTPUT)
	@$(MAKE) --no-print-directory -C $(core)/user OUTPUT=$(library) HIREDIS=no CC="$(CC)" \
		CFLAGS='-O2 -g' $(library)/libmsgbox.a $(library)/libmsgbox.so.0 >/dev/null

$(OUTPUT)/user_bare_rust: $(examples)/rust/hello.rs $(library)/libmsgbox.a
	$(call needs,rustc,rustc)
	MAKEFLAGS= rustc --edition 2021 -D warnings -O -C target-feature=+crt-static -C strip=symbols \
		-L $(library) -l static=msgbox -o $@ $<

# The interpreter, whose libraries vm/make-initramfs adds, and the modules that the example
# uses.
$(OUTPUT)/user_bare_perl: $(examples)/perl/bare.pl | $(OUTPUT)
	rm -rf $@
	mkdir $@
	cp $< $$(command -v perl) $@
	perl $$(sed -n 's/^use \([A-Za-z:]*\).*/-M\1/p' $<) -e 'print "$$_ $$INC{$$_}\n" for keys %INC' | \
		while read -r name file; do install -D -m 644 "$$file" "$@/$$name" || exit; done

# The interpreter, the parts of its library that the tests use, and the files that they read.
# The module's tests run, too, with the kernel's box.
python := /usr/bin/python3
$(OUTPUT)/user_bare_python: $(wildcard $(core)/user/python/*.py) $(examples)/python/hello.py \
		copy_python.py $(library)/libmsgbox.so.0
	$(call needs,$(python),python3)
	rm -rf $@
	LIBMSGBOX_PATH=$(library)/libmsgbox.so.0 MSGBOX_URL=kernel: PYTHONPATH=$(core)/user/python \
		PYTHONDONTWRITEBYTECODE=1 $(python) copy_python.py $@
	install -D -m 644 -t $@/core/user/python $(core)/user/python/*.py
	install -m 644 -t $@/core $(core)/main.c
	install -m 644 -t $@/core/user $(core)/user/msgbox.h
	install -m 755 -t $@ $(library)/libmsgbox.so.0 $(examples)/python/hello.py
