/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls in progress while the module is loaded and unloaded: hook/x86/raise.c,
 * hook/x86/attach.c, hook/x86/trampoline.S, hook/syscall_hook.c and core/main.c. The
 * comments there name the same steps: C1 to C9 for a call, I1 to I3 for install, U1
 * to U9 for remove. `make models` has spin search every interleaving of them. On arm64
 * (hook/arm64/attach.c) no limit is raised, so a call begins with C4.
 *
 * Assumptions and simplifications:
 * - Tasks RCU waits until each task that runs or is preempted in the kernel has
 *   slept voluntarily or been in user mode; no longer.
 * - Memory ordering is that of x86: only a read may overtake an earlier write,
 *   which matters in one place (C7 and C8). A task that sleeps or returns to user
 *   mode has completed all its writes before.
 * - Each write of the kernel's text is one step (stop_machine(), ftrace). It can
 *   fail in insmod only.
 * - Counters wrap around at 4, not at 2^64; there are fewer callers than that.
 * - The box exists or does not exist; store.pml models its contents. The kernel
 *   itself waits for users of the files in sysfs.
 * - A caller that waits for a page of its own may wait forever, except where an
 *   insmod fails: that one waits for the caller, so the page arrives.
 */
#ifndef CALLERS
#define CALLERS 2
#endif

bool limit[2], clamp;		/* raised above our number */
bool attached;			/* ftrace's call is in place */
byte in_flight[2];		/* for each CPU */
bool draining, queued;		/* queued: rmmod sleeps until woken */
bool text = true, box = true;	/* the module's memory and the box exist */
byte references;
bool promised;			/* insmod has succeeded */
bool going, failing;		/* rmmod has begun; insmod fails */
byte running;			/* callers in the kernel that do not sleep voluntarily */
byte holdouts;			/* the ones that Tasks RCU waits for */

ltl rmmod_ends { [] (going || failing -> <> !text) }

inline wait_for_tasks()
{
	holdouts = running;
	holdouts == 0
}

inline go_on()
{
	running = running | (1 << _pid)
}

inline rest()
{
	d_step { running = running & ~(1 << _pid); holdouts = holdouts & ~(1 << _pid) }
}

/* On any CPU: a task may be moved at any time. */
inline count(by)
{
	if
	:: in_flight[0] = (in_flight[0] + by) % 4
	:: in_flight[1] = (in_flight[1] + by) % 4
	fi
}

active [CALLERS] proctype caller()
{
	bool expects, saw;
	bit traced;		/* traced calls have a limit of their own */

user:	atomic { expects = promised; go_on(); if :: traced = 0 :: traced = 1 fi }
C1:	if :: limit[traced] :: else -> goto not_implemented fi;
C2:	assert(clamp);		/* at or above it a number becomes 0: read() */
C3:	if :: attached :: else -> goto not_implemented fi;
C4:	assert(text);		/* the trampoline */
C5:	count(1);
C6:	assert(text && box);	/* the handler */
	if
	:: true
	:: rest(); go_on()	/* sleeps for memory, for a limited time */
	:: atomic { !going -> references++ };	/* try_module_get() */
	   rest();
	   if
	   :: true		/* a page arrives */
	   :: true ->
end_stuck:    failing		/* it never arrives */
	   fi;
	   go_on();
	   assert(text);
	   references--
	fi;
	assert(text && box);
C7:	if
	:: count(3);
C8:	   saw = draining
	:: saw = draining; count(3)	/* the read overtakes the write */
	fi;
C9:	if :: saw -> assert(text); queued = false :: else fi;
	assert(text);		/* the last instruction here */
	rest();
	goto user;

not_implemented:
	assert(!expects || going);
	rest();
	goto user
}

/* insmod, and some time later rmmod. */
active proctype module()
{
	bool beyond;		/* the number is beyond the kernel's table */
	byte sum;

	if
	:: beyond = true
	:: d_step { limit[0] = true; limit[1] = true; clamp = true }
	fi;
I1:	attached = true;
	if
	:: beyond ->
I2:	   if :: clamp = true :: failing = true; goto U4 fi;
I3:	   if :: limit[0] = true :: failing = true; goto U1 fi;
	   if :: limit[1] = true :: failing = true; goto U1 fi
	:: else
	fi;
	promised = true;

end_in_use:			/* rmmod is refused while there are references */
	atomic { references == 0 -> going = true };
	if :: beyond :: else -> goto U4 fi;
U1:	limit[1] = false; limit[0] = false;
U2:	wait_for_tasks();
U3:	clamp = false;
U4:	attached = false;
U5:	draining = true;
U6:	wait_for_tasks();
U7:	queued = true;
	sum = in_flight[0];
	sum = (sum + in_flight[1]) % 4;
	if :: sum -> !queued; goto U7 :: else -> queued = false fi;
U8:	wait_for_tasks();
U9:	box = false; text = false
}
