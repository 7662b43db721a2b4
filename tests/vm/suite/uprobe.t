# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# uprobe: probes on a file of one mount hit the users of that mount's file, and nobody else who shares
# its pages; what a probe writes into text is seen by nobody who is not probed.

TR=/sys/kernel/tracing
if [ ! -w $TR/uprobe_events ]; then
	echo "ok - uprobe # SKIP no $TR/uprobe_events on this kernel"
	return 0
fi
shared=
ours && shared=domain_id=up
mnt $IMG/api-a.erofs $MNT/a $shared || missing "$_out"
if ours; then
	mnt $IMG/api-b.erofs $MNT/b $shared || die "mount"
else
	mnt $IMG/api-a.erofs $MNT/b || die "mount"
fi
at=$($MNT/a/prog probe-at) || die "no offset: $at"

probe_on()		# NAME FILE
{
	echo "p:eis/$1 $2:$at" >>$TR/uprobe_events || die "cannot register a probe on $2"
	echo 1 >$TR/events/eis/$1/enable || die "cannot enable the probe on $2"
}
probe_off()
{
	for _e in "$@"; do
		echo 0 >$TR/events/eis/$_e/enable
		echo "-:eis/$_e" >>$TR/uprobe_events
	done
}
hits() { awk -v e="$1" '$2 == e {print $3}' $TR/uprobe_profile; }
expect_hits()		# NAME N
{
	_n=$(hits $1)
	[ "$_n" = "$2" ] || die "probe $1 was hit $_n times, should be $2"
}

# At the end of a test, good or bad: no users, no probes.
guard() { trap 'cleanup' EXIT; }
cleanup()
{
	for _u in $T/*.pid; do
		[ ! -f $_u ] || kill $(cat $_u) 2>/dev/null
	done
	rm -f $T/*.pid $T/*.in $T/*.out
	for _e in pa pb po; do
		[ ! -d $TR/events/eis/$_e ] || probe_off $_e
	done
}

# A user of a mount's file that calls when told: NAME COMMAND...; it reads fifo NAME.in.
user()
{
	_u=$1
	shift
	mkfifo $T/$_u.in
	"$@" <$T/$_u.in >$T/$_u.out 2>&1 &
	echo $! >$T/$_u.pid
}
wait_for()		# NAME TEXT
{
	_i=0
	while ! grep -q "$2" $T/$1.out; do
		sleep 0.05
		_i=$((_i + 1))
		[ $_i -lt 400 ] || die "$1 does not say '$2': $(cat $T/$1.out)"
	done
}
done_with()		# NAME...: the writers of their fifos are closed
{
	for _u in "$@"; do
		wait $(cat $T/$_u.pid) || die "$_u failed: $(cat $T/$_u.out)"
		rm $T/$_u.in $T/$_u.out $T/$_u.pid
	done
}

before_and_after()	# calls|lib: as a program, or as a library
{
	guard
	for m in a b; do
		case $1 in
		calls)	user $m $MNT/$m/prog calls ;;
		*)	user $m eistool lib $MNT/$m/prog $at ;;
		esac
	done
	exec 7>$T/a.in 8>$T/b.in
	wait_for a ready
	wait_for b ready
	# mapped, then probed
	probe_on pa $MNT/a/prog
	echo 3 >&7; wait_for a "called 3"
	echo 5 >&8; wait_for b "called 5"
	expect_hits pa 3
	expect_hits pb ""
	probe_on pb $MNT/b/prog
	echo 2 >&8; wait_for b "called 2"
	expect_hits pa 3
	expect_hits pb 2
	# probed, then mapped
	user a2 eistool lib $MNT/a/prog $at
	user b2 $MNT/b/prog calls
	exec 5>$T/a2.in 6>$T/b2.in
	wait_for a2 ready
	wait_for b2 ready
	echo 4 >&5; wait_for a2 "called 4"
	echo 6 >&6; wait_for b2 "called 6"
	expect_hits pa 7
	expect_hits pb 8
	# only one left
	probe_off pa
	echo 1 >&7; wait_for a "called 1"
	echo 1 >&8; wait_for b "called 1"
	expect_hits pa ""
	expect_hits pb 9
	probe_off pb
	echo 7 >&8; wait_for b "called 7"
	exec 5>&- 6>&- 7>&- 8>&-
	done_with a b a2 b2
}
t "a program of two mounts, probed before and after its start" before_and_after calls
t "a library of two mounts, probed before and after it was mapped" before_and_after lib

unseen()
{
	guard
	probe_on pa $MNT/a/prog
	user a eistool lib $MNT/a/prog $at
	exec 7>$T/a.in
	wait_for a ready
	echo 1 >&7; wait_for a "called 1"
	expect_hits pa 1
	# the breakpoint is in that process's copy, not in the cache
	for m in a b; do
		cmp $MNT/$m/prog $DATA/ref/api-a/prog || return 1
	done
	probe_off pa
	exec 7>&-
	done_with a
}
t "a breakpoint is in no one's bytes" unseen

nobody_opened()
{
	guard
	# A probe on a file nobody has opened in this mount: the probe is what reads it first.
	unmnt $MNT/b
	mnt $IMG/$(ours && echo api-b || echo api-a).erofs $MNT/b $shared
	echo 3 >/proc/sys/vm/drop_caches
	probe_on pb $MNT/b/prog
	user a eistool lib $MNT/a/prog $at
	user b eistool lib $MNT/b/prog $at
	exec 7>$T/a.in 8>$T/b.in
	wait_for a ready
	wait_for b ready
	echo 2 >&7; wait_for a "called 2"
	echo 3 >&8; wait_for b "called 3"
	expect_hits pb 3
	probe_off pb
	exec 7>&- 8>&-
	done_with a b
}
t "a probe on a file that was never opened" nobody_opened

through_overlay()
{
	guard
	mkdir -p $MNT/o $T/up $T/work
	mount -t overlay -o lowerdir=$MNT/a,upperdir=$T/up,workdir=$T/work overlay $MNT/o || missing "overlayfs over this tmpfs"
	probe_on po $MNT/o/prog
	user o eistool lib $MNT/o/prog $at
	user b eistool lib $MNT/b/prog $at
	exec 7>$T/o.in 8>$T/b.in
	wait_for o ready
	wait_for b ready
	echo 3 >&7; wait_for o "called 3"
	echo 4 >&8; wait_for b "called 4"
	expect_hits po 3
	probe_off po
	exec 7>&- 8>&-
	done_with o b
	umount $MNT/o
}
t "through overlayfs" through_overlay

own_file()
{
	guard
	for m in a b; do
		user $m eistool lib $MNT/$m/prog $at
		case $m in a) exec 7>$T/a.in ;; *) exec 8>$T/b.in ;; esac
		wait_for $m ready
		pid=$(cat $T/$m.pid)
		line=$(grep "r-xp.*/prog" /proc/$pid/maps)
		ino=$(stat -c %i $MNT/$m/prog) dev=$(stat -c %d $MNT/$m/prog)
		set -- $line
		[ "$5" = $ino ] && [ "$6" = $MNT/$m/prog ] || die "maps: '$line', should be inode $ino of $MNT/$m/prog"
		[ $((0x${4%:*} * 256 + 0x${4#*:})) = $dev ] || die "maps: '$line', the device should be $dev"
		# map_files writes addresses without leading zeroes
		link=/proc/$pid/map_files/$(echo "$1" | sed 's/^0*//; s/-0*/-/')
		expect "$MNT/$m/prog" readlink $link
		expect "$ino $dev" stat -L -c '%i %d' $link
		cmp $link $DATA/ref/api-a/prog || return 1
	done
	exec 7>&- 8>&-
	done_with a b
}
t "/proc/PID/maps and map_files name the user's file" own_file
unmnt $MNT/a $MNT/b
