# SPDX-License-Identifier: GPL-2.0
#
# What the rooms share. The Makefile of a room lists its tests and includes this file.
# Each room is a kselftest directory outside the kernel's tree: the harness and lib.mk
# come from Debian's linux-source. All rooms build into one folder, ../build/selftests,
# because scripts call the programs beside them.

selftests := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
KSELFTEST ?= $(abspath ../../build/linux-source/tools/testing/selftests)
OUTPUT ?= $(abspath ../../build/selftests)
COLLECTION ?= dm510_msgbox

include $(selftests)/arch.mk

for_it = $(eval $(1) := $(filter-out $(not_for_it),$($(1))))
$(foreach list,TEST_GEN_PROGS TEST_GEN_PROGS_EXTENDED TEST_PROGS TEST_PROGS_EXTENDED,$(call for_it,$(list)))

# Static, because the guest has no shared libraries.
CFLAGS += -O2 -g -Wall -Wextra -static -pthread
CPPFLAGS += -D_GNU_SOURCE -I../lib -I../../core/uapi -isystem $(KSELFTEST)
LOCAL_HDRS += $(wildcard *.h ../lib/*.h ../lib/$(architecture)/*.h) ../../core/uapi/linux/dm510_msgbox.h

copies := $(addprefix $(OUTPUT)/,$(TEST_PROGS) $(TEST_PROGS_EXTENDED) $(TEST_FILES))
EXTRA_CLEAN := $(copies)

# make's built-in rules would build programs in this folder.
MAKEFLAGS += --no-builtin-rules

# Makes lib.mk run the scripts in $(OUTPUT), beside the programs that they call.
building_out_of_srctree := 1

include $(KSELFTEST)/lib.mk
include $(selftests)/run.mk

# Only the default is downloaded. A KSELFTEST that is set by hand has to exist.
$(abspath ../../build/linux-source/tools/testing/selftests)/lib.mk:
	$(selftests)/../scripts/setup/fetch-kselftest

all: $(copies)
$(copies): $(OUTPUT)/%: % | $(OUTPUT)
	cp $< $@

$(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED): | $(OUTPUT)
$(OUTPUT):
	mkdir -p $@

# A room's scripts call programs of other rooms.
run_tests: all_rooms
.PHONY: all_rooms
all_rooms:
	$(MAKE) -C $(selftests) all
