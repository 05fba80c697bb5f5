/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the server does in one step: Lua scripts for EVAL. Nothing else runs on the server
 * while a script does.
 *
 *	KEYS[1]	the box: a list, the newest message first
 *	KEYS[2]	KEY:msgbox, a hash: bytes (the length of the messages together), puts, gets
 *	KEYS[3]	KEY:msgbox:LANE, a hash about the last request of this lane (see lane.h): its
 *		number, whether it was done, and the message that it took
 *
 * put and get begin with the same questions: is the lane known, and has this request been
 * executed already, so that only the answer was lost? ARGV[1] is its number, ARGV[2] is "1" if
 * it is repeated. A copy that arrives late has no effect, because by then the lane has a
 * higher number or is forgotten. A repeated request that has no effect leaves its number for
 * the same reason.
 *
 * Everything that can be refused, as keys of another type, comes before the first write. A
 * server that is out of memory refuses a script's first write if it needs memory, but not the
 * later ones: get begins with LPOP, and register with PEXPIRE, so that a full server can be
 * emptied. Other programs may push and pop as well, which changes no more than the figures.
 */
#ifndef MSGBOX_SCRIPTS_H
#define MSGBOX_SCRIPTS_H

/* Results of the scripts that are no messages; script_get gives others, see there. */
#define SCRIPT_DONE	0
#define SCRIPT_NOTHING	(-1)	/* get: the box is empty; put: it is full */
#define SCRIPT_UNKNOWN	(-2)	/* the lane is not known; nothing has been done */

/*
 * Makes the lane known. ARGV: number, milliseconds that it is kept. A late copy must not put
 * the number back.
 */
#define SCRIPT_REGISTER \
	"local last = tonumber(redis.call('HMGET', KEYS[3], 'number')[1])\n" \
	"redis.call('PEXPIRE', KEYS[3], ARGV[2])\n" \
	"if last and last >= tonumber(ARGV[1]) then return 0 end\n" \
	"redis.call('HSET', KEYS[3], 'number', ARGV[1], 'done', '1', 'message', '')\n" \
	"redis.call('PEXPIRE', KEYS[3], ARGV[2])\n" \
	"return 0\n"

/* Lets the lane go. */
#define SCRIPT_FORGET \
	"redis.call('PEXPIRE', KEYS[3], 0)\n" \
	"return 0\n"

#define SCRIPT_BEGIN \
	"local number, again = tonumber(ARGV[1]), ARGV[2] == '1'\n" \
	"local lane = redis.call('HMGET', KEYS[3], 'number', 'done')\n" \
	"local last = tonumber(lane[1])\n" \
	"if not last or last > number then return -2 end\n" \
	"if last == number and lane[2] == '0' then return -1 end\n" \
	"local function note(done, message)\n" \
	"	redis.call('HSET', KEYS[3], 'number', ARGV[1],\n" \
	"		'done', done, 'message', message)\n" \
	"end\n" \
	"local function nothing()\n" \
	"	if again then note('0', '') end\n" \
	"	return -1\n" \
	"end\n"

/* ARGV: number, again, message, max_bytes. It also limits the number of messages. */
#define SCRIPT_PUT SCRIPT_BEGIN \
	"if last == number then return 0 end\n" \
	"local kept = redis.call('HMGET', KEYS[2], 'bytes', 'puts')\n" \
	"local count, limit = redis.call('LLEN', KEYS[1]), tonumber(ARGV[4])\n" \
	"local bytes = #ARGV[3]\n" \
	"if count > 0 then bytes = bytes + (tonumber(kept[1]) or 0) end\n" \
	"if bytes > limit or count >= limit then return nothing() end\n" \
	"redis.call('LPUSH', KEYS[1], ARGV[3])\n" \
	"redis.call('HSET', KEYS[2], 'bytes', string.format('%.0f', bytes),\n" \
	"	'puts', string.format('%.0f', (tonumber(kept[2]) or 0) + 1))\n" \
	"note('1', '')\n" \
	"return 0\n"

/*
 * ARGV: number, again, size of the buffer, milliseconds that the lane is kept, besides the time
 * for the message. Returns the message; or its length, which is larger than the buffer; or
 * SCRIPT_NOTHING, SCRIPT_UNKNOWN.
 */
#define SCRIPT_GET SCRIPT_BEGIN \
	"local size = tonumber(ARGV[3])\n" \
	"if last == number then\n" \
	"	local message = redis.call('HMGET', KEYS[3], 'message')[1]\n" \
	"	if #message > size then return #message end\n" \
	"	return message\n" \
	"end\n" \
	"local message = redis.call('LINDEX', KEYS[1], 0)\n" \
	"if not message then return nothing() end\n" \
	"if #message > size then return #message end\n" \
	"local kept = redis.call('HMGET', KEYS[2], 'bytes', 'gets')\n" \
	"local bytes = math.max((tonumber(kept[1]) or 0) - #message, 0)\n" \
	"redis.call('LPOP', KEYS[1])\n" \
	"redis.call('HSET', KEYS[2], 'bytes', string.format('%.0f', bytes),\n" \
	"	'gets', string.format('%.0f', (tonumber(kept[2]) or 0) + 1))\n" \
	"note('1', message)\n" \
	"redis.call('PEXPIRE', KEYS[3], tonumber(ARGV[4]) + 2 * math.floor(#message / 65))\n" \
	"return message\n"

/* Returns the messages' number and length, and how many were put and taken so far. */
#define SCRIPT_FIGURES \
	"local count = redis.call('LLEN', KEYS[1])\n" \
	"local kept = redis.call('HMGET', KEYS[2], 'bytes', 'puts', 'gets')\n" \
	"local function figure(text) return tonumber(text) or 0 end\n" \
	"return { count, count > 0 and figure(kept[1]) or 0, figure(kept[2]), figure(kept[3]) }\n"

#endif
