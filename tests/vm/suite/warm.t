# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# warm: what warm=SECONDS keeps after the last mount is gone, for how long, and who ends it.

if ! ours; then
	echo "ok - warm # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref
S=/sys/fs/erofs-ishare
devno() { awk -v d="$1" '$5 == d {print $3}' /proc/self/mountinfo; }
domain_dir() { echo "$S/domains/$(cat "$S/$(devno "$1")/domain")"; }
domains() { find $S/domains -mindepth 1 -type d; }
is()			# FILE VALUE
{
	_v=$(cat "$1") || die "cannot read $1"
	[ "$_v" = "$2" ] || die "${1#"$S"/} is $_v, should be $2"
}
# Until COMMAND succeeds, at most N seconds.
within()		# N COMMAND...
{
	_n=$(($1 * 5))
	shift
	while ! "$@" >/dev/null 2>&1; do
		_n=$((_n - 1))
		[ $_n -gt 0 ] || return 1
		sleep 0.2
	done
}
no_domains() { [ -z "$(domains)" ]; }
gone() { [ ! -e "$1" ]; }
# Everything warm is of no use to the next test.
cool()
{
	drop_caches
	within 5 no_domains || die "domains are left: $(domains)"
}

option()
{
	mkdir -p $MNT/o
	for o in warm=86401 warm=-1 warm=x warm; do
		expect "!EINVAL" eistool mount -o ro,domain_id=w,$o $FSTYPE $IMG/share-a.erofs $MNT/o
	done
	log_mark
	expect "!EINVAL" eistool mount -o ro,warm=5 $FSTYPE $IMG/share-a.erofs $MNT/o
	log_ours | grep -q 'warm=5.*domain_id' || die "no line says what is missing: $(log_ours)"
	mnt $IMG/share-a.erofs $MNT/o domain_id=w,warm=86400
	grep " $MNT/o " /proc/mounts | grep -q 'warm=86400' || die "not in /proc/mounts"
	is "$(domain_dir $MNT/o)/warm_seconds" 86400
	expect ok eistool mount -o remount,ro,warm=0 $FSTYPE none $MNT/o
	is "$(domain_dir $MNT/o)/warm_seconds" 0
	grep " $MNT/o " /proc/mounts | grep 'warm=' && die "still in /proc/mounts"
	unmnt $MNT/o
	no_domains || die "without warm= the domain stays"
}
t "the option: bounds, /proc/mounts, remount" option

frames() { eistool pfn $1/common/big; eistool pfn $1/common/f6; }
restart()
{
	mnt $IMG/share-a.erofs $MNT/a domain_id=w,warm=60
	d=$(domain_dir $MNT/a)
	eistool readall $MNT/a >/dev/null || return 1
	frames $MNT/a >$T/before
	is $d/warm_inodes 0
	res=$(cat $d/resident_bytes) n=$(cat $d/shared_inodes)
	unmnt $MNT/a
	is $d/nr_mounts 0
	is $d/member_inodes 0
	is $d/resident_bytes "$res"
	is $d/warm_inodes "$n"
	is $d/warm_bytes "$res"
	is $d/idle_bytes "$res"
	is $d/separate_bytes 0
	is $d/saved_bytes 0
	# another image, built otherwise, on a disk that cannot be read any more: every byte is there
	mnt $IMG/share-b.erofs $MNT/b domain_id=w
	[ "$(domain_dir $MNT/b)" = $d ] || die "the domain is a new one"
	frames $MNT/b >$T/after
	cmp $T/before $T/after || die "other page frames"
	is "$S/$(devno $MNT/b)/data_bytes_read" 0
	[ "$(cat $d/warm_inodes)" -lt "$n" ] || die "what is in use again is still warm"
	is $d/member_inodes 2
	eistool verify $MNT/b --ref $R/share-b --methods seq,mmap --max 200k --warm || return 1
	unmnt $MNT/b
	cool
}
t "page frames are the same after a restart" restart
other_domain()
{
	mnt $IMG/share-a.erofs $MNT/a domain_id=w,warm=60
	frames $MNT/a | cut -d' ' -f2 | sort >$T/before
	unmnt $MNT/a
	mnt $IMG/share-a.erofs $MNT/b domain_id=v
	frames $MNT/b | cut -d' ' -f2 | sort >$T/after
	[ -z "$(comm -12 $T/before $T/after)" ] || die "another domain got them"
	unmnt $MNT/b
	cool
}
t "not for another domain" other_domain
# Reads both trees; in $own, how many files only $MNT/a has.
read_both()
{
	cat $MNT/b/common/* $MNT/b/own/* >/dev/null
	own=$(cat $d/shared_inodes)
	cat $MNT/a/common/* $MNT/a/own/* >/dev/null
	own=$(($(cat $d/shared_inodes) - own))
	[ $own -ge 3 ] || die "only $own files of its own"
}
one_of_two()
{
	# the domain goes on, and only what nobody has any more is warm
	mnt $IMG/share-a.erofs $MNT/a domain_id=two
	mnt $IMG/share-b.erofs $MNT/b domain_id=two,warm=60
	d=$(domain_dir $MNT/a)
	read_both
	unmnt $MNT/a
	is $d/warm_inodes "$own"
	is $d/nr_mounts 1
	is $d/warm_seconds 60
	# the last one with warm= goes: its files as well, and then nobody is left
	n=$(cat $d/shared_inodes)
	unmnt $MNT/b
	is $d/warm_inodes "$n"
	is $d/nr_mounts 0
	cool
	# without warm= at the end, what was kept before stays for its time
	mnt $IMG/share-a.erofs $MNT/a domain_id=two,warm=60
	mnt $IMG/share-b.erofs $MNT/b domain_id=two
	d=$(domain_dir $MNT/a)
	read_both
	unmnt $MNT/a
	is $d/warm_inodes "$own"
	is $d/warm_seconds 0
	unmnt $MNT/b
	is $d/warm_inodes "$own"
	is $d/shared_inodes "$own"
	cool
}
t "two mounts with different times" one_of_two
expiry()
{
	mnt $IMG/share-a.erofs $MNT/a domain_id=ex,warm=3
	mnt $IMG/share-b.erofs $MNT/b domain_id=stays
	d=$(domain_dir $MNT/a)
	cat $MNT/a/common/* $MNT/b/common/* >/dev/null
	c0=$(awk '/^Cached:/ {print $2}' /proc/meminfo)
	unmnt $MNT/a
	[ "$(cat $d/warm_inodes)" -gt 5 ] || die "nothing is warm"
	sleep 1
	[ "$(cat $d/warm_bytes)" -gt 3000000 ] || die "gone too early"
	within 8 gone $d || die "still there: $(cat $d/warm_inodes) inodes"
	c1=$(awk '/^Cached:/ {print $2}' /proc/meminfo)
	[ $((c0 - c1)) -gt 2500 ] || die "only $((c0 - c1)) kB were freed"
	is "$(domain_dir $MNT/b)/warm_inodes" 0
	unmnt $MNT/b
}
t "after the time it is gone" expiry
used_again()
{
	# joined again before the time is over: it stays, and the time counts anew
	mnt $IMG/share-a.erofs $MNT/a domain_id=again,warm=3
	d=$(domain_dir $MNT/a)
	frames $MNT/a >$T/before
	unmnt $MNT/a
	sleep 1
	mnt $IMG/share-a.erofs $MNT/a domain_id=again,warm=3
	cat $MNT/a/common/big $MNT/a/common/f6 >/dev/null
	sleep 5
	is $d/warm_inodes 0
	frames $MNT/a >$T/after
	cmp $T/before $T/after || die "dropped although in use"
	unmnt $MNT/a
	sleep 1
	is $d/warm_inodes 2
	within 8 gone $d || die "never went"
}
t "in use again before the time is over" used_again
dropped()
{
	for v in 1 3; do
		mnt $IMG/share-a.erofs $MNT/a domain_id=drop,warm=600
		d=$(domain_dir $MNT/a)
		cat $MNT/a/common/* >/dev/null
		unmnt $MNT/a
		[ "$(cat $d/warm_bytes)" -gt 3000000 ] || die "nothing is warm"
		echo 1 >/proc/sys/vm/compact_memory
		echo $v >/proc/sys/vm/drop_caches
		if [ $v = 1 ]; then
			is $d/warm_bytes 0
			echo 2 >/proc/sys/vm/drop_caches
		fi
		within 5 gone $d || die "after $v: $(cat $d/warm_inodes) inodes, $(cat $d/warm_bytes) bytes"
	done
}
t "drop_caches drops it, and the domain with it" dropped
pressure()
{
	# Reclaim is asked for: how much of it a stream of reads or a greedy process brings about differs
	# between kernels, and the latter ends in the OOM killer.
	mkdir -p $T/cg
	mount -t cgroup2 none $T/cg || missing "cgroup2"
	[ -e $T/cg/memory.reclaim ] || { umount $T/cg; missing "memory.reclaim"; }
	mnt $IMG/share-a.erofs $MNT/a domain_id=press,warm=600
	d=$(domain_dir $MNT/a)
	cat $MNT/a/common/* >/dev/null
	unmnt $MNT/a
	[ "$(cat $d/warm_bytes)" -gt 3000000 ] || die "nothing is warm"
	i=0
	while [ -e $d ] && [ "$(cat $d/warm_bytes)" -ge 400000 ] && [ $i -lt 30 ]; do
		# fails when there is not as much to reclaim
		echo 64M 2>/dev/null >$T/cg/memory.reclaim
		i=$((i + 1))
	done
	umount $T/cg
	[ ! -e $d ] || [ "$(cat $d/warm_bytes)" -lt 400000 ] || die "$(cat $d/warm_bytes) bytes stay warm although memory is reclaimed"
	cool
}
t "memory pressure reclaims it" pressure
bounded()
{
	old=$(cat $S/domains/warm_inodes_max)
	[ "$old" = 65536 ] || die "the bound is $old"
	echo 3 >$S/domains/warm_inodes_max
	mnt $IMG/share-a.erofs $MNT/a domain_id=bound,warm=600
	d=$(domain_dir $MNT/a)
	cat $MNT/a/common/* >/dev/null
	[ "$(cat $d/shared_inodes)" -gt 5 ] || die "too few files"
	unmnt $MNT/a
	echo "$old" >$S/domains/warm_inodes_max
	is $d/warm_inodes 3
	is $d/shared_inodes 3
	echo 0 >$S/domains/warm_inodes_max
	mnt $IMG/share-a.erofs $MNT/a domain_id=bound,warm=600
	d=$(domain_dir $MNT/a)
	cat $MNT/a/common/* >/dev/null
	unmnt $MNT/a
	echo "$old" >$S/domains/warm_inodes_max
	gone $d || die "a bound of 0 keeps $(cat $d/warm_inodes)"
}
t "bounded in number" bounded
reclaimed_members()
{
	# inodes of the mount were reclaimed before it went: their pages stay warm too
	mnt $IMG/share-a.erofs $MNT/a domain_id=rec,warm=60
	d=$(domain_dir $MNT/a)
	cat $MNT/a/common/* >/dev/null
	echo 2 >"$S/$(devno $MNT/a)/drop_caches"
	is $d/member_inodes 0
	is $d/warm_inodes 0
	res=$(cat $d/resident_bytes)
	[ "$res" -gt 3000000 ] || die "pages went with the inodes: $res"
	unmnt $MNT/a
	is $d/warm_bytes "$res"
	cool
}
t "files whose inodes were reclaimed earlier" reclaimed_members
unload()
{
	mnt $IMG/share-a.erofs $MNT/a domain_id=w,warm=86400
	mnt $IMG/share-b.erofs $MNT/b domain_id=v,warm=86400
	cat $MNT/a/common/* $MNT/b/common/* >/dev/null
	d=$(domain_dir $MNT/a)
	unmnt $MNT/a $MNT/b
	[ "$(cat $d/warm_bytes)" -gt 3000000 ] || die "nothing is warm"
	[ "$(cat /sys/module/$MODULE/refcnt)" = 0 ] || die "warm pages hold the module"
	c0=$(awk '/^Cached:/ {print $2}' /proc/meminfo)
	unload_module
	c1=$(awk '/^Cached:/ {print $2}' /proc/meminfo)
	[ $((c0 - c1)) -gt 5000 ] || die "only $((c0 - c1)) kB were freed"
}
t "the module unloads while pages are warm" unload
churn()
{
	# expiry, rejoining, reclaim, readers of statistics, all at once; then unload in the middle
	echo go >$T/go
	( while [ -f $T/go ]; do find $S/domains -type f -perm -0400 -exec cat {} + >/dev/null 2>&1; done ) &
	( while [ -f $T/go ]; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.3; done ) &
	for k in 1 2 3; do
		( for i in 1 2 3 4 5 6 7 8; do
			img=$([ $((i % 2)) = 0 ] && echo share-a || echo share-b)
			mkdir -p $MNT/k$k
			eistool mount -o ro,domain_id=w$((i % 2 + k % 2)),warm=$((i % 3)) $FSTYPE $IMG/$img.erofs $MNT/k$k >/dev/null || echo FAIL mount
			cat $MNT/k$k/common/f* >$T/k$k || echo FAIL cat
			cmp $MNT/k$k/common/big $R/$img/common/big || echo FAIL cmp
			eistool umount $MNT/k$k >/dev/null || echo FAIL umount
		done ) >$T/churn.$k 2>&1 &
		pids="$pids $!"
	done
	wait $pids
	rm $T/go
	wait
	grep FAIL $T/churn.* && return 1
	unload_module
	no_domains || die "domains are left: $(domains)"
}
t "mounts come and go, warm and cold" churn
