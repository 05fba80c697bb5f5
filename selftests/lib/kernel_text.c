// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: prints the bytes of functions of the running kernel, read from
 * /proc/kcore, in lines that diff can compare.
 *
 *	kernel_text SYMBOL...
 */
#include <fcntl.h>
#include <linux/elf.h>

#include "calls.h"

#define LARGEST		(64 * KIB)
#define PER_LINE	16

struct function {
	const char *name;
	unsigned long start;
	unsigned long end;
};

/*
 * Finds the start of each function and of the symbol after it; /proc/kallsyms lists
 * the kernel's own symbols by address. The file is long, so it is read only once.
 */
static void find_functions(struct function *functions, int count)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		char *rest;
		unsigned long at = strtoul(line, &rest, 16);

		/* " T name\n"; for a module's symbol, a tab and the module follow the name. */
		rest[strcspn(rest, "\t\n")] = '\0';
		for (int i = 0; i < count; i++) {
			struct function *function = &functions[i];

			if (function->start && !function->end && at > function->start)
				function->end = at;
			if (!function->start && !strcmp(rest + 3, function->name))
				function->start = at;
		}
	}
	if (file)
		fclose(file);
}

/* Reads kernel memory through the program header of /proc/kcore that covers it. */
static bool read_kernel(int core, unsigned long at, void *buf, size_t len)
{
	struct elf64_hdr header;
	struct elf64_phdr segment;

	if (pread(core, &header, sizeof(header), 0) != sizeof(header))
		return false;
	for (int i = 0; i < header.e_phnum; i++) {
		if (pread(core, &segment, sizeof(segment),
			  header.e_phoff + i * sizeof(segment)) != sizeof(segment))
			return false;
		if (segment.p_type == PT_LOAD && at >= segment.p_vaddr &&
		    at + len <= segment.p_vaddr + segment.p_memsz)
			return pread(core, buf, len, segment.p_offset + at - segment.p_vaddr) ==
			       (ssize_t)len;
	}
	return false;
}

static bool print_function(int core, const struct function *function)
{
	static unsigned char buf[LARGEST];
	size_t len = function->end - function->start;

	if (!function->start || len > LARGEST || !read_kernel(core, function->start, buf, len)) {
		fprintf(stderr, "%s: not found or not readable\n", function->name);
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (i % PER_LINE == 0)
			printf("%s%s+%#zx:", i ? "\n" : "", function->name, i);
		printf(" %02x", buf[i]);
	}
	putchar('\n');
	return true;
}

int main(int argc, char **argv)
{
	struct function *functions = calloc(argc, sizeof(*functions));
	int count = argc - 1;
	int core = open("/proc/kcore", O_RDONLY);

	if (core < 0) {
		perror("/proc/kcore");
		return 1;
	}
	for (int i = 0; i < count; i++)
		functions[i].name = argv[i + 1];
	find_functions(functions, count);
	for (int i = 0; i < count; i++)
		if (!print_function(core, &functions[i]))
			return 1;
	return 0;
}
