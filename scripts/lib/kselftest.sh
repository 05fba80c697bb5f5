# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the tests, for the architecture in use (use_arch), and installs them for a virtual
# machine. To be sourced after common.sh.
# A caller holds the lock kselftest-install until it has copied what it built.

collection=dm510_msgbox

# Prints the folder in which make builds the tests.
selftests_folder()
{
	echo "${build:?}/selftests${of_arch?}"
}

# selftests_make ARGUMENT...: runs make in selftests/
selftests_make()
{
	# shellcheck disable=SC2154 # use_arch sets it
	make --silent --no-print-directory -j "$(nproc)" -C "${top:?}/selftests" \
		COLLECTION=$collection OUTPUT="$(selftests_folder)" "${program_args[@]}" "$@"
}

# build_selftests GOAL...: dies if that fails
build_selftests()
{
	selftests_make "$@" >&2 || die "building the tests failed; see the errors above"
}

# copy_runner FOLDER: copies kselftest's own programs, which run the tests
copy_runner()
{
	local source=${build:?}/linux-source/tools/testing/selftests

	cp -r "$source/kselftest" "$source/run_kselftest.sh" "$1"
}

# install_selftests FOLDER: builds all tests and installs them in FOLDER, in the layout of
# the kernel's `make kselftest-install`
install_selftests()
{
	rm -rf "$1"
	make_dir "$1"
	build_selftests install INSTALL_PATH="$1/$collection"
	copy_runner "$1"
}
