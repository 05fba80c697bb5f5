# SPDX-License-Identifier: GPL-2.0
#
# How tests are run, all rooms together or one of them. Comes after lib.mk, which has
# a RUN_TESTS too: 6.1's exits 0 when tests failed, and finds no settings file outside
# of the installed layout. Without the module each program would skip: one line says
# it for all.
define RUN_TESTS
	[ -d /sys/module/dm510_msgbox ] || { \
		echo "1..0 # SKIP the module dm510_msgbox is not loaded (sudo make load)"; \
		exit 0; \
	}; \
	BASE_DIR="$(KSELFTEST)"; \
	. $(KSELFTEST)/kselftest/runner.sh; \
	kselftest_default_timeout=$(shell sed -n 's/^timeout=//p' $(selftests)/settings); \
	run_many $(1) | $(selftests)/../scripts/verdicts/tap-verdict
endef
