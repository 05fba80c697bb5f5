/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events, one for each call that ends:
 *
 *	len	length of the message (put) or the buffer (get), in bytes
 *	ret	the result: 0 or the number of bytes, or a negative errno
 *	count	messages in the box of the call or the file when the event was written
 *	device	whether the call was a write(2) or read(2) of the device
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dm510_msgbox

#if !defined(_DM510_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DM510_TRACE_H

#include <linux/tracepoint.h>

#include "msgbox.h"

DECLARE_EVENT_CLASS(dm510_msgbox_call,

	TP_PROTO(int len, long ret, u64 count, bool device),

	TP_ARGS(len, ret, count, device),

	TP_STRUCT__entry(
		__field(int, len)
		__field(long, ret)
		__field(u64, count)
		__field(bool, device)
	),

	TP_fast_assign(
		__entry->len = len;
		__entry->ret = ret;
		__entry->count = count;
		__entry->device = device;
	),

	TP_printk("len=%d ret=%ld count=%llu by=%s", __entry->len, __entry->ret,
		  __entry->count, __entry->device ? "device" : "syscall")
);

DEFINE_EVENT(dm510_msgbox_call, dm510_msgbox_put,
	TP_PROTO(int len, long ret, u64 count, bool device),
	TP_ARGS(len, ret, count, device)
);

DEFINE_EVENT(dm510_msgbox_call, dm510_msgbox_get,
	TP_PROTO(int len, long ret, u64 count, bool device),
	TP_ARGS(len, ret, count, device)
);

#endif /* _DM510_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
