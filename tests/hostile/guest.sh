#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh FROM COUNT: mounts the damaged images of these numbers in the guest, then sees whether anything is left of
# them. TAP on stdout.

. /hostile/leaks.sh

nothing_of()		# NAME COMMAND: what is left is no answer on the kernel that is made for asking
{
	_why=$($2)
	case $?.$(uname -r) in
	0.*)		echo "ok - $1" ;;
	3.*-debug)	echo "not ok - $1 # on the debug kernel: $_why" ;;
	3.*)		echo "ok - $1 # SKIP $_why" ;;
	*)		echo "not ok - $1 # $(echo "$_why" | head -n 1)"
			echo "$_why" | head -n 60 | sed 's/^/#   /' ;;
	esac
}

unloads()
{
	if modprobe -r erofs_ishare && ! grep -a eis_ /proc/slabinfo; then
		echo "ok - the module can be unloaded"
	else
		echo "not ok - the module can be unloaded # $(cat /sys/module/erofs_ishare/refcnt 2>/dev/null) references"
	fi
}

modprobe erofs_ishare || exit 1
[ ! -e /sys/kernel/debug/kmemleak ] || echo clear >/sys/kernel/debug/kmemleak
{
	/hostile/hostile /hostile/seeds run "$1" "$2"
	rc=$?
	[ $rc -le 1 ] || echo "not ok - hostile ran to its end # exit $rc"
	nothing_of "nothing leaked" leaked_objects
	unloads
	nothing_of "no page of its is left" leaked_pages
} | awk '
	/^(not )?ok - / { sub(/ok - /, "ok " ++n " - "); if (/^not/) bad++ }
	{ print; fflush() }
	END { print "1.." n + 0; exit bad || n < 7 }'
