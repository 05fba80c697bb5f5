/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting on the device: for a message (W1 to W9) and for room (R1 to R9). The comments
 * of core/wait.c, core/internal.h and core/put.c give the steps the same names.
 * scripts/commands/models has spin try every interleaving.
 *
 * Either readers wait for a message or writers wait for room: the two queues are
 * independent of each other.
 *
 * Assumptions and simplifications:
 * - There are two tasks that wait, and two that put or get, twice together. Each
 *   writer writes once, the readers read three times together. Beside them there is a
 *   poller or a signal, or where room is waited for a put that gives up, or a limit
 *   that is raised; one of these at a time.
 * - Adding to a queue, removing from it and waking are one step each: all hold the
 *   queue's own lock. A wake-up reaches the first exclusive entry whose task has asked to
 *   sleep, asleep or not, and removes it from the queue. A task that has been woken
 *   already is passed over (try_to_wake_up()). Pollers' entries are woken each time.
 *   Those of EPOLLEXCLUSIVE are left out: they keep the wake-up to themselves.
 * - Memory ordering is that of x86: a look at a queue may overtake the write of what is
 *   pushed or popped before it, so the model looks first. Taking the lock orders both.
 * - A get finds its page or not, and can fail where there is a message (EMSGSIZE, EFAULT),
 *   at random. A page may never arrive. A reader that a signal interrupts leaves even if
 *   it saw a message, which wait_event_interruptible_exclusive() would not let it do.
 * - Room is a number, each message has size 1 or 2, and a get takes either: memory of the
 *   box and memory of puts in progress are one resource. The wake function asks for the
 *   room of the instant.
 * - What a call checks before it touches the box, and unloading, are left out: an open
 *   file keeps the module in use.
 */
#define READS 3
#define PUTS 2
#define GETS 2

#define ACTIVE (queue[0] || polling)		/* waitqueue_active() */
#define ENOUGH(t) (need[t] <= room)		/* readers need no room */
#define CAN_WAKE(t) (t && sleepy[t] && ENOUGH(t))

bool locked;				/* the box's lock */
byte messages, small, big;		/* in the box; as writers see them, by size */
byte reads = READS, puts = PUTS, gets = GETS;
byte room, need[3];			/* need: in each entry of the queue */
byte queue[2];				/* of exclusive entries; 0: no entry */
bool sleepy[3];				/* TASK_INTERRUPTIBLE */
bool signal[3];
bool polling, triggered;		/* the poller's entry; it has been woken */
bool waits_for_room;			/* which of the two is searched */
bool reader_left, writer_left, poller_left;

inline lock()
{
	atomic { !locked -> locked = true }
}

inline leave_queue(t)
{
	if
	:: queue[0] == t -> queue[0] = queue[1]; queue[1] = 0
	:: queue[1] == t -> queue[1] = 0
	:: else
	fi
}

/* prepare_to_wait_event() */
inline join_queue(t)
{
	d_step {
		if
		:: signal[t] -> leave_queue(t); interrupted = true
		:: else ->
			sleepy[t] = true;
			if
			:: queue[0] == t || queue[1] == t
			:: queue[0] != t && queue[1] != t ->
				if :: !queue[0] -> queue[0] = t :: else -> queue[1] = t fi
			fi
		fi
	}
}

/* finish_wait() */
inline finish_wait(t)
{
	d_step { sleepy[t] = false; leave_queue(t) }
}

inline wake(t)
{
	assert(look);
	look = false;
	sleepy[t] = false;
	woken = t;
	leave_queue(woken);
	woken = 0
}

/*
 * A look at the queue lets one task be woken: one for each message, for each time that
 * room comes, and for each time that a task hands on.
 */
inline wake_one()
{
	d_step {
		triggered = polling;
		do
		:: CAN_WAKE(queue[0]) -> wake(queue[0]); break
		:: !CAN_WAKE(queue[0]) && CAN_WAKE(queue[1]) -> wake(queue[1]); break
		:: else -> break
		od;
		look = false
	}
}

proctype reader(byte me)
{
	bool waited, interrupted, saw, faulted, for_page, look;
	byte woken;

next_read:
	atomic {
		waited = false; faulted = false;
		if
		:: reads && !signal[me] -> reads--
		:: !reads || signal[me] -> goto gone
		fi
	}
get:	atomic {
		!locked;
		if
		:: !messages -> goto W3
		:: messages -> messages--; goto done
		:: messages -> goto failed		/* EMSGSIZE, EFAULT */
		:: messages && !faulted -> faulted = true; for_page = true; goto W7
		fi
	}
W3:	join_queue(me);
W4:	atomic { !locked -> saw = messages > 0 };
	if :: saw || interrupted -> goto W6 :: else fi;
W5:
end_W5:	atomic { !sleepy[me] || signal[me] -> sleepy[me] = false; goto W3 };
W6:	finish_wait(me);
	atomic {
		saw = false; waited = true;
		if
		:: interrupted -> interrupted = false; goto killed
		:: else -> goto get
		fi
	}
done:	if :: waited -> goto W7 :: else -> goto next_read fi;
failed:	if :: waited -> goto W7 :: else -> goto next_read fi;
killed:	goto W7;

	/* Hand on: at the end of a read that has waited, and before a page is waited for. */
W7:	atomic { !locked -> look = messages && ACTIVE };
W8:	if :: look -> wake_one() :: else fi;
page:	if
	:: for_page -> for_page = false;
		if
		:: goto get			/* the page arrives */
		:: goto failed			/* it cannot be written */
		:: true ->
end_page:	   false			/* it never arrives */
		fi
	:: else -> goto next_read
	fi;
gone:	skip
}

proctype putter()
{
	bool look;
	byte woken;

	do
	:: atomic { puts && !locked -> puts--; locked = true };
W1:		look = ACTIVE;
		messages++;
		locked = false;
W2:		if :: look -> wake_one() :: else fi
	:: !puts -> break
	od
}

/* With the queue for room, it asks for room for a message of size 1. */
proctype poller()
{
	bool saw;

W9:	polling = true;
R9:	do
	:: atomic { !locked -> saw = (waits_for_room -> room > 0 : messages > 0) };
		if
		:: saw -> break
		:: else ->
end_poll:		triggered -> triggered = false
		fi
	od;
	polling = false
}

proctype writer(byte me)
{
	bool waited, interrupted, saw, faulted, for_page, sleeps_again, look;
	byte woken;

	if :: need[me] = 1 :: need[me] = 2 fi;
put:	atomic {
		!locked;
		if
		:: !ENOUGH(me) -> goto no_room
		:: ENOUGH(me) ->
			room = room - need[me];
			if :: need[me] == 1 -> small++ :: else -> big++ fi;
			goto done
		:: ENOUGH(me) -> goto failed		/* EFAULT, EADDRNOTAVAIL */
		:: ENOUGH(me) && !faulted -> faulted = true; for_page = true; goto R7
		fi
	}
no_room:	if :: waited -> sleeps_again = true; goto R7 :: else fi;
R3:	join_queue(me);
R4:	atomic { !locked -> saw = ENOUGH(me) };
	if :: saw || interrupted -> goto R6 :: else fi;
R5:
end_R5:	atomic { !sleepy[me] || signal[me] -> sleepy[me] = false };
R6:	finish_wait(me);
	atomic {
		saw = false; waited = true;
		if
		:: interrupted || signal[me] -> goto killed
		:: !interrupted -> goto put
		fi
	}
done:	if :: waited -> goto R7 :: else -> goto gone fi;
failed:	if :: waited -> goto R7 :: else -> goto gone fi;
killed:	goto R7;

	/* Hand on: also before the writer sleeps again because the room is too small. */
R7:	atomic { !locked -> look = ACTIVE };
R8:	if :: look -> wake_one() :: else fi;
	if
	:: sleeps_again -> sleeps_again = false; goto R3
	:: for_page -> for_page = false;
		if
		:: goto put			/* the page arrives */
		:: goto failed			/* it cannot be read */
		:: true ->
end_page:	   false			/* it never arrives */
		fi
	:: else
	fi;
gone:	skip
}

/* A get: room comes when the message has left the box. */
proctype getter()
{
	bool look;
	byte size, woken;

end_getter:
	do
	:: atomic {
		gets && small + big && !locked -> gets--; locked = true;
		if :: small -> size = 1 :: big -> size = 2 fi
	   }
R1:		look = ACTIVE;
		d_step {
			if :: size == 1 -> small-- :: else -> big-- fi;
			room = room + size; size = 0
		}
		locked = false;
R2:		if :: look -> wake_one() :: else fi
	:: true -> break
	od
}

/* A put that does not wait. It may have to give back what it has reserved. */
proctype visitor()
{
	bool look;
	byte woken;

	atomic { !locked -> if :: room -> room-- :: else -> goto gone fi };
	if
	:: atomic { !locked -> small++; goto gone }
	:: lock()
	fi;
	look = ACTIVE;				/* R1 */
	room++;
	locked = false;
	if :: look -> wake_one() :: else fi;	/* R2 */
gone:	skip
}

/* Root raises a limit, which takes no lock. */
proctype administrator()
{
	bool look;
	byte woken;

raise:	room++;
	atomic { !locked -> look = ACTIVE };	/* R1 */
	if :: look -> wake_one() :: else fi	/* R2 */
}

proctype killer()
{
	if
	:: d_step { signal[1] = true; sleepy[1] = false }
	:: d_step { signal[2] = true; sleepy[2] = false }
	:: true
	fi
}

#define SLEEPS_IN_VAIN(t) (sleepy[t] && ENOUGH(t))

/* When nothing can happen any more. */
proctype watcher()
{
end_watcher:
	timeout;
	d_step {
		reader_left = !waits_for_room && messages && (sleepy[1] || sleepy[2]);
		writer_left = waits_for_room && (SLEEPS_IN_VAIN(1) || SLEEPS_IN_VAIN(2));
		poller_left = polling && (waits_for_room -> room : messages) > 0
	}
	assert(!reader_left);
	assert(!writer_left);
	assert(!poller_left)
}

/* One disturbance at a time keeps the search short. */
init
{
	atomic {
		if
		:: run reader(1); run reader(2);
		   run putter(); run putter();
		   if :: run poller() :: run killer() fi
		:: waits_for_room = true; small = 1; big = 1;
		   run writer(1); run writer(2);
		   run getter();
		   if
		   :: run killer()
		   :: run visitor()
		   :: run administrator()
		   :: run poller()
		   fi
		fi;
		run watcher()
	}
}
