/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boxes of IPC namespaces: core/boxes.c, core/device.c, core/namespace_end.c and
 * core/main.c, where comments give the steps the same names: N1 to N9 for the life of a box,
 * X1 to X6 for loading and unloading. scripts/commands/models has spin try every
 * interleaving.
 *
 * Assumptions and simplifications:
 * - Address 1 is that of two namespaces, one after the other: two processes are in the
 *   first one, one in the second. Address 2 is that of another, which has no box and
 *   looks for one. All boxes have the same hash.
 * - A process in a namespace keeps it from ending, and so does a reference to it. The
 *   kernel calls msg_exit_ns() for a namespace that ends, and reuses its address afterwards.
 * - Each process calls once, or opens the device: then the file holds the namespace in its
 *   place. One file is modeled; it is used once.
 * - Calls are removed, and in flight, as in unload.pml: here these are one step each.
 *   The kernel keeps the module while a file is open.
 * - Freed boxes are not allocated again. Memory ordering between a box and the pointer to
 *   it is left to RCU, and that between namespaces of one address to the allocator.
 * - Failures to load, the initial namespace's box, owner and mode are left out.
 */
#define BOXES 4

bool live[5], freed[5], linked[5];	/* boxes, from 1 on */
byte ns[5], life[5];			/* address, and which namespace there */
byte next[5], head;
byte ended;				/* a bit for each box that the work has to destroy */
bool mutex, queued, working;		/* the work item */
short reading, holdouts;			/* RCU: a bit for each reader */
byte users[3] = 0;			/* those who hold the namespaces of address 1 */
byte born;				/* the last namespace of address 1 */
bool calls, watched, in_callback, going, text = true;
byte in_flight, references;
byte file;				/* the namespace that the file holds */
bool two_boxes, leaked;

inline rcu_read_lock() { reading = reading | (1 << _pid) }
inline rcu_read_unlock()
{
	d_step { reading = reading & ~(1 << _pid); holdouts = holdouts & ~(1 << _pid) }
}

inline find(address)
{
	found = head;
	do
	:: !found -> break
	:: found ->
		assert(!freed[found]);
		if
		:: ns[found] == address -> break
		:: else -> found = next[found]
		fi
	od
}

inline free_box(b)
{
	d_step { assert(live[b]); live[b] = false; freed[b] = true; ns[b] = 0 }
}

inline unlink(b)
{
	d_step {
		if
		:: head == b -> head = next[b]
		:: next[1] == b && linked[1] -> next[1] = next[b]
		:: next[2] == b && linked[2] -> next[2] = next[b]
		:: next[3] == b && linked[3] -> next[3] = next[b]
		:: next[4] == b && linked[4] -> next[4] = next[b]
		fi;
		linked[b] = false
	}
}

/* Sets found to the box of the namespace, which may be the one that is made here. */
inline find_or_make(namespace)
{
	rcu_read_lock();
N1:	find((namespace == 3 -> 2 : 1));
	rcu_read_unlock();
	if :: namespace == 3 || found -> goto use :: else fi;
N2:	d_step {
		made = 1;
		do :: live[made] || freed[made] -> made++ :: else -> break od;
		live[made] = true; ns[made] = 1; life[made] = namespace
	}
N3:	atomic { !mutex -> mutex = true };
	find(1);
	if
	:: found
	:: !found ->
		d_step { next[made] = head; head = made; linked[made] = true };
		two_boxes = next[made] && ns[next[made]] == 1;
		assert(!two_boxes);
		found = made; made = 0
	fi;
	mutex = false;
	if
	:: made -> d_step { live[made] = false; ns[made] = 0; made = 0 }
	:: else
	fi;
use:	if
	:: found -> assert(live[found]); assert(life[found] == namespace)
	:: else
	fi
}

inline leave(namespace)
{
	if :: namespace != 3 -> users[namespace]-- :: else fi
}

proctype process(byte me)		/* 1 and 2: of address 1; 3: of address 2 */
{
	byte found, made;

	if
	:: atomic { me != 3 && calls && !going && !file -> references++; file = me }
	:: atomic { calls -> in_flight++ }; find_or_make(me); in_flight--; leave(me)
	:: leave(me)
	fi
}

/* The file may be used by processes of any namespace. */
proctype device_file()
{
	byte found, made;

end_file:
	file;
	find_or_make(file);
N9:	users[file]--;
	references--
}

/* Ends both namespaces of address 1, one after the other. */
proctype kernel()
{
	byte found;

	do
	:: born < 2 ->
		born++;
		users[born] == 0;
N4:		if :: atomic { watched -> in_callback = true } :: !watched -> goto ended_ns fi;
		assert(text);
		rcu_read_lock();
		find(1);
N5:		if
		:: found -> ns[found] = 0; ended = ended | (1 << found); queued = true
		:: else
		fi;
		rcu_read_unlock();
		assert(text);
		in_callback = false;
ended_ns:	found = 0;
		if :: born == 1 -> users[2] = 1; run process(2); born = 1 :: else fi
	:: else -> break
	od
}

proctype work()
{
	byte b, todo;

end_work:
	do
	:: atomic { queued -> queued = false; working = true };
		assert(text);
N8:		d_step { todo = ended; ended = 0 };
		b = 1;
		do
		:: b <= BOXES && (todo & (1 << b)) ->
N6:			atomic { !mutex -> unlink(b) };
N7:			holdouts = reading; holdouts == 0;
			free_box(b);
			b++
		:: b <= BOXES && !(todo & (1 << b)) -> b++
		:: b > BOXES -> break
		od;
		assert(text);
		working = false
	od
}

proctype module()
{
	byte b = 1;

X1:	watched = true;
X2:	calls = true;
end_used:
	atomic { references == 0 -> going = true };
X3:	calls = false; in_flight == 0;
X4:	watched = false; !in_callback;
X5:	!queued && !working;
X6:	atomic {
		leaked = ended;
		assert(!leaked);
		do
		:: b <= BOXES -> if :: live[b] -> free_box(b) :: else fi; b++
		:: else -> break
		od;
		text = false
	}
}

init
{
	atomic {
		users[1] = 2;
		run process(1); run process(1); run process(3);
		run device_file(); run kernel(); run work(); run module()
	}
}
