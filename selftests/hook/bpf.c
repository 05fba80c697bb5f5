// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: attaches a BPF program to a kernel function, with bpf(2) only.
 *
 *	bpf fentry|fexit|sleepable_fentry|kprobe_multi FUNCTION
 *
 * Prints "attached", or the step that failed and the error's name. Then it waits for
 * a line on standard input and prints how often the function was called.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <sys/stat.h>

#include "calls.h"

/* How a program attaches: at a BTF id, or as kprobe.multi. */
struct kind {
	const char *name;
	__u32 attach_type;
	__u32 flags;
};

static const struct kind kinds[] = {
	{ "fentry", BPF_TRACE_FENTRY, 0 },
	{ "fexit", BPF_TRACE_FEXIT, 0 },
	{ "sleepable_fentry", BPF_TRACE_FENTRY, BPF_F_SLEEPABLE },
	{ "kprobe_multi", BPF_TRACE_KPROBE_MULTI, 0 },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static bool has_btf_id(const struct kind *kind)
{
	return kind->attach_type != BPF_TRACE_KPROBE_MULTI;
}

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return -1;
}

static const char *read_btf(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY);
	struct stat status;
	char *all;
	ssize_t done = 0, n = 1;

	if (fd < 0 || fstat(fd, &status))
		return NULL;
	all = malloc(status.st_size);
	while (all && done < status.st_size && n > 0) {
		n = read(fd, all + done, status.st_size - done);
		done += n;
	}
	close(fd);
	return done == status.st_size ? all : NULL;
}

/* The size of the data that follows a struct btf_type, in bytes. */
static size_t size_of_data(const struct btf_type *type)
{
	size_t count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/* Returns the function's BTF id, or -1. */
static int find_function(const char *name)
{
	const char *all = read_btf();
	const struct btf_header *header = (const void *)all;
	const char *at, *end, *names;
	int id;

	if (!all)
		return -1;
	at = all + header->hdr_len + header->type_off;
	end = at + header->type_len;
	names = all + header->hdr_len + header->str_off;
	for (id = 1; at < end; id++) {
		const struct btf_type *type = (const void *)at;

		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(names + type->name_off, name))
			return id;
		at += sizeof(*type) + size_of_data(type);
	}
	errno = ENOENT;
	return -1;
}

static int make_counter(void)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(__u64),
		.max_entries = 1,
	};

	return bpf(BPF_MAP_CREATE, &attributes);
}

static __u64 read_counter(int map)
{
	__u32 key = 0;
	__u64 value = 0;
	union bpf_attr attributes = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	return bpf(BPF_MAP_LOOKUP_ELEM, &attributes) ? 0 : value;
}

/* Loads a program that counts its runs. */
static int load_program(int map, const struct kind *kind, int function)
{
	const struct bpf_insn program[] = {
		/* r1 = the address of the counter; r2 = 1; *r1 += r2; return 0 */
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = 1, .src_reg = 2,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes = {
		.prog_type = has_btf_id(kind) ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_KPROBE,
		.prog_flags = kind->flags,
		.expected_attach_type = kind->attach_type,
		.attach_btf_id = function,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attributes);
}

static int attach_at_btf_id(int program)
{
	union bpf_attr attributes = { .raw_tracepoint.prog_fd = program };

	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attributes);
}

static int attach_kprobe_multi(int program, const char *function)
{
	union bpf_attr attributes = {
		.link_create = {
			.prog_fd = program,
			.attach_type = BPF_TRACE_KPROBE_MULTI,
			.kprobe_multi = { .cnt = 1, .syms = (uintptr_t)&function },
		},
	};

	return bpf(BPF_LINK_CREATE, &attributes);
}

/* Returns the map with the counter, or -1 after printing the step that failed. */
static int attach_counter(const struct kind *kind, const char *name)
{
	int function = 0, map, program;

	if (has_btf_id(kind)) {
		function = find_function(name);
		if (function < 0)
			return fail("cannot find the function");
	}
	map = make_counter();
	if (map < 0)
		return fail("cannot make a map");
	program = load_program(map, kind, function);
	if (program < 0)
		return fail("cannot load the program");
	if ((has_btf_id(kind) ? attach_at_btf_id(program) : attach_kprobe_multi(program, name)) < 0)
		return fail("cannot attach");
	return map;
}

int main(int argc, char **argv)
{
	const struct kind *kind = argc == 3 ? find_kind(argv[1]) : NULL;
	char line[16];
	int map;

	if (!kind) {
		fputs("usage: bpf fentry|fexit|sleepable_fentry|kprobe_multi FUNCTION\n", stderr);
		return 2;
	}
	map = attach_counter(kind, argv[2]);
	if (map < 0)
		return 1;
	puts("attached");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	printf("%llu\n", read_counter(map));
	return 0;
}
