// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static const char letters[ACTIONS + 1] = "pgdcbmn";

static const char * const layout_names[LAYOUTS] = {
	[PLAIN] = "plain",
	[MISSING] = "missing",
	[FRESH] = "fresh",
	[READONLY] = "readonly",
	[NONE] = "none",
	[UNMAPPED] = "unmapped",
	[BEYOND] = "beyond",
	[DROPPED] = "dropped",
	[PROTECTED] = "protected",
	[NOWHERE] = "null",
	[DESCRIPTOR] = "descriptor",
	[KERNEL] = "kernel",
	[NONCANONICAL] = "noncanonical",
};

/* If the text begins with sign, reads the number after it into *value. */
static const char *parse_suffix(const char *text, char sign, int *value)
{
	char *end;

	if (*text != sign)
		return text;
	*value = strtol(text + 1, &end, 10);
	return end;
}

static const char *parse_layout(const char *text, enum layout *layout)
{
	size_t len;

	if (*text != '.')
		return text;
	len = strspn(++text, "abcdefghijklmnopqrstuvwxyz");
	for (int i = 0; i < LAYOUTS; i++)
		if (strlen(layout_names[i]) == len && !strncmp(text, layout_names[i], len))
			*layout = i;
	return text + len;
}

static bool is_valid(const struct op *op)
{
	return op->thread >= 0 && op->thread < THREADS_MAX &&
	       (op->value == (int)op->value || op->action == SET_MAX_BYTES ||
		op->action == SET_MAX_PENDING_BYTES) &&
	       op->times >= 1 && op->times <= TIMES_MAX &&
	       op->offset >= 0 && op->offset <= OFFSET_MAX &&
	       op->at >= 0 && op->at <= LEN_MAX;
}

static bool parse_op(const char *text, struct op *op)
{
	const char *letter;
	char *end;

	*op = (struct op) { .thread = text[0] - '0', .times = 1, .layout = PLAIN };
	letter = text[1] ? strchr(letters, text[1]) : NULL;
	if (!letter)
		return false;
	op->action = letter - letters;
	op->value = strtol(text + 2, &end, 10);
	text = parse_suffix(end, 'x', &op->times);
	text = parse_layout(text, &op->layout);
	text = parse_suffix(text, '+', &op->offset);
	text = parse_suffix(text, '@', &op->at);
	return !*text && is_valid(op);
}

bool program_parse(const char *text, struct program *program)
{
	static const char blanks[] = " \t\n";
	char copy[TEXT_MAX], *word, *rest = copy;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	program->count = 0;
	while ((word = strtok_r(rest, blanks, &rest)))
		if (program->count == OPS_MAX ||
		    !parse_op(word, &program->op[program->count++]))
			return false;
	return program->count;
}

static int print_op(const struct op *op, char *text)
{
	int len = sprintf(text, "%d%c", op->thread, letters[op->action]);

	if (op->action == DRAIN || op->action == FIGURES)
		return len;
	len += sprintf(text + len, "%ld", op->value);
	if (!is_call(op))
		return len;
	if (op->times > 1)
		len += sprintf(text + len, "x%d", op->times);
	if (op->layout != PLAIN)
		len += sprintf(text + len, ".%s", layout_names[op->layout]);
	if (op->offset)
		len += sprintf(text + len, "+%d", op->offset);
	if (op->at)
		len += sprintf(text + len, "@%d", op->at);
	return len;
}

void program_print(const struct program *program, char text[TEXT_MAX])
{
	*text = '\0';
	for (int i = 0; i < program->count; i++) {
		if (i)
			*text++ = ' ';
		text += print_op(&program->op[i], text);
	}
}

/* Roughly the number of bytes that the operation reads and writes. */
static long cost(const struct op *op, long largest)
{
	if (op->action == PUT)
		return op->value < 0 ? 0 : op->times * (op->value < LEN_MAX ? op->value : LEN_MAX);
	return largest + (op->layout == PLAIN ? 0 : op->times * largest);
}

long program_cost(const struct program *program)
{
	long bytes = 0, largest = program_largest(program);

	for (int i = 0; i < program->count; i++)
		if (is_call(&program->op[i]))
			bytes += cost(&program->op[i], largest);
	return bytes;
}

bool program_within_limits(const struct program *program)
{
	long calls = 0;

	for (int i = 0; i < program->count; i++)
		if (is_call(&program->op[i]))
			calls += program->op[i].times;
	return calls <= CALLS_MAX && program_cost(program) <= COST_MAX;
}

int program_threads(const struct program *program)
{
	int threads = 1;

	for (int i = 0; i < program->count; i++)
		if (program->op[i].thread >= threads)
			threads = program->op[i].thread + 1;
	return threads;
}

bool program_has(const struct program *program, enum action action)
{
	for (int i = 0; i < program->count; i++)
		if (program->op[i].action == action)
			return true;
	return false;
}

size_t program_largest(const struct program *program)
{
	long largest = 0;

	for (int i = 0; i < program->count; i++) {
		const struct op *op = &program->op[i];

		if (op->action == PUT && op->value <= LEN_MAX && op->value > largest)
			largest = op->value;
	}
	return largest;
}
