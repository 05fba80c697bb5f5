# SPDX-License-Identifier: GPL-2.0
#
# run_tests, for all rooms together or for one. Include it after lib.mk: it replaces
# lib.mk's RUN_TESTS, which in 6.1 exits with 0 when tests fail and finds the settings
# file only in the installed layout. Without the module every program would skip itself,
# so one line says it for all.
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
