/* SPDX-License-Identifier: GPL-2.0 */
/* The callers of an arm64 kernel that are no 64-bit ones, for compat.c. */

/*
 * Has the table of 32-bit programs a call at this number of put or get? 387 and the
 * numbers after it are execveat, userfaultfd and others, which are of no use with the
 * arguments of a put or get.
 */
static bool table32_has(long nr)
{
	return nr < 452;
}

FIXTURE_VARIANT_ADD(program32, svc)
{
	.way = "svc",
};
