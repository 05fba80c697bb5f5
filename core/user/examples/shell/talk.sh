#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two shells talk through the box. Run this in one of them:
#
#	./talk.sh listen
#
# and in the other one, on the same machine, or with MSGBOX_URL on another one:
#
#	./talk.sh say 'hello'
#	./talk.sh say bye
#
# If several messages come at once, the newest is heard first.

listen()
{
	while :; do
		message=$(msgbox wait) || return
		[ "$message" != bye ] || return 0
		printf '%s\n' "$message"
	done
}

case $1 in
listen)
	listen
	;;
say)
	msgbox put -- "$2"
	;;
*)
	echo "usage: $0 listen | say MESSAGE" >&2
	exit 2
	;;
esac
