/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The box while several callers put and get: core/msgbox.c. The steps have the
 * same names there. scripts/commands/models has spin try every interleaving of them.
 *
 * What is taken for granted, or left out:
 * - There are three messages, of the lengths 1 to 3; 2 and 3 are large. A segment
 *   of the stack has a size of 1 and holds one record: how records lie in them is
 *   for the tests. As a spare, one of 1 suits the stack, one of 2 suits message
 *   2, and one of 3 is too large.
 * - A copy is one step. Whether it finds the caller's memory is left to chance,
 *   each time; so is whether that can be brought in, which may never end. A get
 *   pins after the first round that did not help.
 * - Any put may take whatever is left of the memory for puts in progress: how
 *   that is divided among users is arithmetic.
 * - What is under the lock from end to end nobody sees, so it may be one step.
 * - The limit changes twice, so that searches end. What is checked before the
 *   box is touched, and unloading, are left out.
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
mtype = { efault, enobufs, ebusy, eagain, enodata, emsgsize };

byte owner;				/* of the lock; 0 if it is free */
byte limit = HIGH;
byte stack[3], top, segments = 1, spare, held = 1, bytes, pending;
byte reserved;				/* what puts have, counted by what they do */
mtype mem[4] = none;
bool used[4];				/* somebody has the message, or the box */
byte shown[3], shown_top;		/* what the box should have, by who succeeded */
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

/* A segment that is not used any more; the one that was spare is freed. */
inline retire(size)
{
	if
	:: size <= 2 -> held = held - spare; spare = size
	:: else -> held = held - size
	fi
}

inline give_back_spare()
{
	lock();
	d_step { held = held - spare; spare = 0 }
	unlock()
}

inline reserve(size)
{
	if
	:: pending + size <= MAX_PENDING -> pending = pending + size
	:: else -> err = eagain
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

/* The copy of a message that goes into the box large is what is in it then. */
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
	if :: held + more <= limit :: else -> err = (spare -> ebusy : eagain) fi;
	assert(err != eagain || !spare)
}

/* next: the stack needs another segment, and has one to go on in. */
inline find_next()
{
	if
	:: top < segments
	:: top == segments && spare == 1 -> next = true
	:: top == segments && spare != 1 ->
		more++;
		if :: fresh -> next = true :: else -> err = enobufs fi
	fi
}

inline make_room()
{
	d_step { err = 0; next = false; more = SIZE(m); find_next() }
	d_step { ask_limit(); next = next && !err; more = 0 }
}

inline commit()
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

inline pop()
{
	d_step {
		assert(got == (shown_top -> shown[shown_top - 1] : 0));
		shown_top--; shown[shown_top] = 0; done = true;
		top--;
		stack[top] = 0;
		bytes = bytes - got;
		if :: IS_LARGE(got) -> mem[got] = leaving_box :: else fi;
		if :: top && top < segments -> segments--; retire(1) :: else fi
	}
}

active [CALLERS] proctype caller()
{
	byte m, got, room, pinned, more;
	mtype err;
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
	 * put: a large message first gets memory of its own, and so does a small
	 * one once its copy has faulted.
	 */
L1:	lock();
	d_step {
		err = 0;
		more = SIZE(m) + (top == segments && spare != 1);
		ask_limit();
		more = 0;
		if :: !err -> reserve(m) :: else fi;
		if
		:: !err ->
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
	:: err == ebusy -> give_back_spare(); goto L1
	:: err == eagain -> goto P8
	:: !err
	fi;
L2:	may_sleep();
	if
	:: more -> more = 0			/* it was the spare one */
	:: !more
	:: !more -> err = enobufs; goto P8	/* no memory */
	fi;
L3:	may_sleep();
	if
	:: true
	:: true ->
end_L3:	   false			/* the page never comes */
	:: err = efault; goto P8
	fi;

P1:	lock();
P2:	make_room();
	if :: err -> goto P5 :: else fi;
P3:	if
	:: stack[top] = m
	:: !copy -> err = efault; goto P5	/* the page was gone */
	fi;
P4:	commit();
P5:	unlock();
	if
	:: !err || err == eagain -> goto P8
	:: err == efault -> drop_fresh(); goto L1
	:: else -> goto P7
	fi;
P7:	may_sleep();
	if
	:: err == ebusy -> give_back_spare(); goto P1
	:: err == enobufs
	fi;
	lock();
	d_step { err = 0; reserve(1); reserved = reserved + !err; fresh = !err }
	unlock();
	if
	:: err -> goto P8
	:: !err -> goto P1
	:: !err -> err = enobufs; goto P8	/* no memory */
	fi;
P8:	drop_fresh();
	drop_copy();
	atomic {
		if :: err -> used[m] = false :: else fi;
		assert(!fresh);
		assert(!copy);
		assert(!err || mem[m] == none);
		assert(done == !err);
		m = 0; err = 0; done = false;
		goto progress_next
	}

G1:	lock();
	got = (top -> stack[top - 1] : 0);
G2:	err = (!top -> enodata : (got > room -> emsgsize : 0));
	if :: err -> goto G5 :: else fi;
G3:	if
	:: pinned >= got
	:: pinned < got && !IS_LARGE(got)
	:: pinned < got -> err = efault; goto G5	/* the page was gone */
	fi;
G4:	pop();
G5:	unlock();
	if
	:: err == efault -> goto G7
	:: err && err != efault -> goto G8
	:: !err && !IS_LARGE(got) -> goto G8
	:: !err && IS_LARGE(got)
	fi;
	assert(mem[got] == leaving_box && pinned >= got);	/* the copy */
G6:	lock();
	d_step { retire(got); mem[got] = none }
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
		got = 0; err = 0
	}
	goto G1;
G8:	atomic {
		assert(done == !err);
		if :: done -> used[got] = false :: else fi;
		got = 0; room = 0; pinned = 0; err = 0; done = false; again = false;
		goto progress_next
	}
}

active proctype administrator()
{
	limit = LOW;
	limit = HIGH
}
