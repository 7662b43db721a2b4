#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh FROM COUNT: mounts the damaged images of these numbers in the guest, then sees whether anything is left of
# them. TAP on stdout.

leaks()
{
	k=/sys/kernel/debug/kmemleak
	if [ ! -e $k ]; then
		# The debug kernel always has it (tests/debug/config).
		case $(uname -r) in
		*-debug) echo "not ok - nothing leaked # no $k on the debug kernel" ;;
		*)	echo "ok - nothing leaked # SKIP this kernel has no kmemleak" ;;
		esac
		return
	fi
	echo 3 >/proc/sys/vm/drop_caches
	# Objects younger than five seconds are not reported.
	for _ in 1 2; do
		sleep 6
		# It turns itself off for good where it cannot follow, and finds nothing from then on.
		if ! echo scan >$k; then
			echo "not ok - nothing leaked # kmemleak has turned itself off: nobody looked"
			dmesg | grep -a kmemleak | tail -n 5 | sed 's/^/#   /'
			return
		fi
	done
	if ! cat $k >/tmp/leaks; then
		echo "not ok - nothing leaked # $k cannot be read"
		return
	fi
	if grep -aqE 'eis_|erofs_' /tmp/leaks; then
		echo "not ok - nothing leaked # $(grep -c ^unreferenced /tmp/leaks) objects"
		head -n 60 /tmp/leaks | sed 's/^/#   /'
	else
		echo "ok - nothing leaked"
	fi
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
	leaks
	unloads
} | awk '
	/^(not )?ok - / { sub(/ok - /, "ok " ++n " - "); if (/^not/) bad++ }
	{ print; fflush() }
	END { print "1.." n + 0; exit bad || n < 6 }'
