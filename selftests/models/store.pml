/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The box while several callers put and get: core/put.c and core/get.c, where comments
 * give the steps the same names. scripts/commands/models has spin try every interleaving.
 *
 * Assumptions and simplifications:
 * - There are three messages, of lengths 1 to 3; 2 and 3 are large. A segment of the
 *   msgstack has size 1 and holds one record: tests check how records lie in segments.
 *   As the spare segment, one of size 1 suits the msgstack, one of size 2 suits
 *   message 2, and one of size 3 is too large.
 * - A copy is one step. It finds the caller's memory or not, at random, each time. The
 *   memory can be faulted in or not, also at random, and that may never end. A get pins
 *   after the first round that did not help.
 * - A put may reserve all that is left of the pending memory: how that is divided among
 *   users is arithmetic.
 * - Nobody sees what happens while the lock is held, so it may be one step.
 * - The limit changes twice, so that searches end. What is checked before the box is
 *   touched, and unloading, are left out.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#define LOW 3
#define HIGH 7
#define MAX_PENDING 3

#define IS_LARGE(m) (m > 1)
#define SIZE(m) (IS_LARGE(m) * m)	/* of a segment of its own */
#define HELD(m) ((mem[m] == in_box || mem[m] == leaving_box) * m)

mtype = { none, mine, in_box, leaving_box };	/* a large message's segment */
/* What an attempt needs; 0 if it is done. */
mtype = { another_segment, spare_freed, more_room, a_message, longer_buffer, user_memory,
	  kernel_memory };

byte owner;				/* of the lock; 0 if it is free */
byte limit = HIGH;
byte stack[3], top, segments = 1, spare, held = 1, bytes, pending;
byte reserved;				/* by puts, counted when they reserve and release */
mtype mem[4] = none;
bool used[4];				/* a caller or the box has the message */
byte shown[3], shown_top;		/* what the box should hold after the calls so far */
bool as_shown, as_counted, as_held, as_reserved;

inline lock()
{
	atomic { owner == 0 -> owner = _pid + 1 }
}

inline unlock()
{
	d_step {
		as_shown = top == shown_top && (top < 1 || stack[0] == shown[0]) &&
			   (top < 2 || stack[1] == shown[1]) &&
			   (top < 3 || stack[2] == shown[2]);
		assert(as_shown);
		as_counted = bytes == (top > 0) * stack[0] + (top > 1) * stack[1] +
				      (top > 2) * stack[2];
		assert(as_counted);
		as_held = held == segments + spare + HELD(2) + HELD(3);
		assert(as_held);
		as_reserved = pending == reserved && pending <= MAX_PENDING;
		assert(as_reserved);
		assert(segments == top + !top);
		assert(held <= HIGH);
		owner = 0
	}
}

inline may_sleep()
{
	assert(owner != _pid + 1)
}

/* Keep an unused segment as the spare one; the previous spare one is freed. */
inline retire_segment(size)
{
	if
	:: size <= 2 -> held = held - spare; spare = size
	:: else -> held = held - size
	fi
}

inline free_spare()
{
	lock();
	d_step { held = held - spare; spare = 0 }
	unlock()
}

inline reserve(size)
{
	if
	:: pending + size <= MAX_PENDING -> pending = pending + size
	:: else -> needs = more_room
	fi
}

inline drop_fresh()
{
	if
	:: fresh -> lock(); d_step { pending--; reserved--; fresh = false } unlock()
	:: else
	fi
}

inline drop_copy()
{
	if
	:: copy ->
		lock();
		d_step { pending = pending - m; reserved = reserved - m; copy = false }
		if :: IS_LARGE(m) -> mem[m] = none :: else fi;
		unlock()
	:: else
	fi
}

/* The copy of a large message becomes the message in the box. */
inline hand_over_copy()
{
	if
	:: IS_LARGE(m) ->
		assert(copy && mem[m] == mine);
		mem[m] = in_box;
		pending = pending - m; reserved = reserved - m; copy = false
	:: else
	fi
}

inline ask_limit()
{
	if :: held + more <= limit :: else -> needs = (spare -> spare_freed : more_room) fi;
	assert(needs != more_room || !spare)
}

/* next: the msgstack needs another segment, and there is one. */
inline find_next()
{
	if
	:: top < segments
	:: top == segments && spare == 1 -> next = true
	:: top == segments && spare != 1 ->
		more++;
		if :: fresh -> next = true :: else -> needs = another_segment fi
	fi
}

inline find_room()
{
	d_step { needs = 0; next = false; more = SIZE(m); find_next() }
	d_step { ask_limit(); next = next && !needs; more = 0 }
}

inline commit_put()
{
	d_step {
		assert(top < segments || next);
		if
		:: !next
		:: next && spare == 1 -> segments++; spare = 0
		:: else -> segments++; held++; pending--; reserved--; fresh = false
		fi;
		next = false;
		top++;
		bytes = bytes + m;
		held = held + SIZE(m);
		hand_over_copy();
		shown[shown_top] = m; shown_top++; done = true
	}
}

inline pop_message()
{
	d_step {
		assert(got == (shown_top -> shown[shown_top - 1] : 0));
		shown_top--; shown[shown_top] = 0; done = true;
		top--;
		stack[top] = 0;
		bytes = bytes - got;
		if :: IS_LARGE(got) -> mem[got] = leaving_box :: else fi;
		if :: top && top < segments -> segments--; retire_segment(1) :: else fi
	}
}

active [CALLERS] proctype caller()
{
	byte m, got, room, pinned, more;
	mtype needs;
	bool next, fresh, copy, done, again;

progress_next:				/* a call has ended */
	if
	:: atomic { !used[1] -> used[1] = true; m = 1; goto P1 }
	:: atomic { !used[2] -> used[2] = true; m = 2; goto L1 }
	:: atomic { !used[3] -> used[3] = true; m = 3; goto L1 }
	:: room = 1; goto G1
	:: room = 3; goto G1
	fi;

	/*
	 * put: a large message is first copied into a segment, and so is a small one
	 * once its copy has faulted.
	 */
L1:	lock();
	d_step {
		needs = 0;
		more = SIZE(m) + (top == segments && spare != 1);
		ask_limit();
		more = 0;
		if :: !needs -> reserve(m) :: else fi;
		if
		:: !needs ->
			reserved = reserved + m;
			assert(!copy);
			copy = true;
			if :: IS_LARGE(m) -> mem[m] = mine :: else fi;
			if
			:: IS_LARGE(m) && spare == m ->
				held = held - spare; spare = 0; more = 1
			:: else
			fi
		:: else
		fi
	}
	unlock();
	if
	:: needs == spare_freed -> free_spare(); goto L1
	:: needs == more_room -> goto P8
	:: !needs
	fi;
L2:	may_sleep();
	if
	:: more -> more = 0			/* the copy is the spare segment */
	:: !more
	:: !more -> needs = kernel_memory; goto P8
	fi;
L3:	may_sleep();
	if
	:: true
	:: true ->
end_L3:	   false			/* the page never comes */
	:: needs = user_memory; goto P8
	fi;

P1:	lock();
P2:	find_room();
	if :: needs -> goto P5 :: else fi;
P3:	if
	:: stack[top] = m
	:: !copy -> needs = user_memory; goto P5	/* the page is missing */
	fi;
P4:	commit_put();
P5:	unlock();
	if
	:: !needs || needs == more_room -> goto P8
	:: needs == user_memory -> drop_fresh(); goto L1
	:: else -> goto P7
	fi;
P7:	may_sleep();
	if
	:: needs == spare_freed -> free_spare(); goto P1
	:: needs == another_segment
	fi;
	lock();
	d_step { needs = 0; reserve(1); reserved = reserved + !needs; fresh = !needs }
	unlock();
	if
	:: needs -> goto P8
	:: !needs -> goto P1
	:: !needs -> needs = kernel_memory; goto P8
	fi;
P8:	drop_fresh();
	drop_copy();
	atomic {
		if :: needs -> used[m] = false :: else fi;
		assert(!fresh);
		assert(!copy);
		assert(!needs || mem[m] == none);
		assert(done == !needs);
		m = 0; needs = 0; done = false;
		goto progress_next
	}

G1:	lock();
	got = (top -> stack[top - 1] : 0);
G2:	needs = (!top -> a_message : (got > room -> longer_buffer : 0));
	if :: needs -> goto G5 :: else fi;
G3:	if
	:: pinned >= got
	:: pinned < got && !IS_LARGE(got)
	:: pinned < got -> needs = user_memory; goto G5	/* the page is missing */
	fi;
G4:	pop_message();
G5:	unlock();
	if
	:: needs == user_memory -> goto G7
	:: needs && needs != user_memory -> goto G8
	:: !needs && !IS_LARGE(got) -> goto G8
	:: !needs && IS_LARGE(got)
	fi;
	assert(mem[got] == leaving_box && pinned >= got);	/* the copy */
G6:	lock();
	d_step { retire_segment(got); mem[got] = none }
	unlock();
	goto G8;
G7:	assert(!done);
	pinned = 0;
	may_sleep();
	assert(pinned == 0);
	if
	:: true
	:: true ->
end_G7:	   false			/* the page never comes */
	:: goto G8			/* it cannot be written */
	fi;
	d_step {
		pinned = (IS_LARGE(got) || again -> got : 0);
		again = true;
		got = 0; needs = 0
	}
	goto G1;
G8:	atomic {
		assert(done == !needs);
		if :: done -> used[got] = false :: else fi;
		got = 0; room = 0; pinned = 0; needs = 0; done = false; again = false;
		goto progress_next
	}
}

active proctype administrator()
{
	limit = LOW;
	limit = HIGH
}
