#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# bare.pl: puts a message into the kernel's box, takes it out again and prints it. Then a
# child waits for a message at the device. Needs Perl alone, without any module of CPAN.

use strict;
use warnings;
use Errno qw(EMSGSIZE);

my $device = '/dev/dm510_msgbox';

# The numbers differ between kernels. A number that is not looked up may belong to another
# system call.
sub number_of {
	my $file = "/sys/module/dm510_msgbox/parameters/$_[0]";

	open(my $in, '<', $file) or die "$0: $file: $!: load the module dm510_msgbox first\n";
	return int <$in>;
}

my $put_nr = number_of('put_nr');
my $get_nr = number_of('get_nr');

# Puts a message on top of the box. Does not wait for room.
sub put {
	# A string, as syscall would pass a number as an address.
	my $message = "$_[0]";

	utf8::downgrade($message, 1) or die "$0: put: not bytes: encode the message first\n";
	syscall($put_nr, $message, length $message) == 0 or die "$0: put: $!\n";
}

# Takes the newest message. Does not wait: dies if the box is empty.
sub get {
	for (my $size = 4096; ; $size *= 2) {
		# The memory must be there before the call, which does not know Perl's strings.
		my $buffer = "\0" x $size;
		my $length = syscall($get_nr, $buffer, $size);

		return substr($buffer, 0, $length) if $length >= 0;
		# EMSGSIZE: it is longer than the buffer, and is still in the box.
		die "$0: get: $!\n" if $! != EMSGSIZE || $size >= 1 << 30;
	}
}

# Takes the newest message, and waits for one. sysread, as the message must come in one read(2).
sub wait_for_message {
	my ($size) = @_;

	open(my $box, '<', $device) or die "$0: $device: $!\n";
	defined sysread($box, my $message, $size) or die "$0: $device: $!\n";
	return $message;
}

put('hello');
print get(), "\n";

$| = 1;
my $child = fork() // die "$0: fork: $!\n";
if (!$child) {
	print wait_for_message(4096), "\n";
	exit 0;
}
put('hello again');
waitpid($child, 0);
exit($? ? 1 : 0);
