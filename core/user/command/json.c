// SPDX-License-Identifier: GPL-2.0

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

/* What begins a UTF-8 sequence, its length, and the lowest code point that needs it. */
static const struct {
	uint8_t mask, begins, length;
	uint32_t lowest;
} sequences[] = {
	{ 0x80, 0x00, 1, 0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

/* The code point of a sequence that begins like that, or UINT32_MAX if it is cut short. */
static uint32_t code_point(const uint8_t *bytes, size_t length, size_t kind)
{
	uint32_t code = bytes[0] & (uint8_t)~sequences[kind].mask;
	size_t i;

	if (length < sequences[kind].length)
		return UINT32_MAX;
	for (i = 1; i < sequences[kind].length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return UINT32_MAX;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	return code;
}

/* The length of the valid sequence at the start of bytes, or 0. */
static size_t sequence_length(const uint8_t *bytes, size_t length)
{
	uint32_t code;
	size_t kind;

	for (kind = 0; kind < 4; kind++) {
		if ((bytes[0] & sequences[kind].mask) != sequences[kind].begins)
			continue;
		code = code_point(bytes, length, kind);
		if (code < sequences[kind].lowest || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return sequences[kind].length;
	}
	return 0;
}

static bool is_utf8(const uint8_t *bytes, size_t length)
{
	size_t i, step;

	for (i = 0; i < length; i += step) {
		step = sequence_length(bytes + i, length - i);
		if (!step)
			return false;
	}
	return true;
}

static void put_text(FILE *out, const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			fprintf(out, "\\%c", bytes[i]);
		else if (bytes[i] == '\n')
			fputs("\\n", out);
		else if (bytes[i] == '\t')
			fputs("\\t", out);
		else if (bytes[i] < ' ')
			fprintf(out, "\\u%04x", bytes[i]);
		else
			putc_unlocked(bytes[i], out);
	}
}

static void put_base64(FILE *out, const uint8_t *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t three;
	size_t i, j;

	for (i = 0; i < length; i += 3) {
		three = 0;
		for (j = i; j < i + 3; j++)
			three = three << 8 | (j < length ? bytes[j] : 0);
		for (j = 0; j < 4; j++) {
			/* One byte is two digits, two bytes are three. */
			if (i + j <= length)
				putc_unlocked(digits[three >> (18 - 6 * j) & 0x3f], out);
			else
				putc_unlocked('=', out);
		}
	}
}

void json_message(FILE *out, const void *message, size_t length)
{
	bool text = is_utf8(message, length);

	fprintf(out, "{\"length\":%zu,\"%s\":\"", length, text ? "text" : "base64");
	if (text)
		put_text(out, message, length);
	else
		put_base64(out, message, length);
	fputs("\"}\n", out);
}
