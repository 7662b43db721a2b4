#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh GROUP...: what the debug kernel is for: ways of use that make the checkers look at every
# lock, life cycle and error path. TAP on stdout; groups: see "groups" at the end.
#
# Rules:
#  - A splat ends the VM (panic_on_warn), so a group only has to get everywhere.
#  - Bytes are always compared with the trees the images were made from.
#  - At the end: everything unmounted, two kmemleak scans without a line of ours, module unloaded.
set -u

PATH=/debug/bin:$PATH
TYPE=erofs-ishare
D=/data			# ext4 with images and reference trees
IMG=$D/images
REF=$D/tree
M=/mnt
OUT=/tmp/out
# Two images that share most files, one of them as a block device, and their trees.
A=$IMG/a.erofs RA=a B=$IMG/b.erofs RB=b DEV=/dev/vdb SLOW=a.erofs RS=a
KO=$(modinfo -n erofs_ishare)
n=0 bad=0
. /debug/leaks.sh

t()			# NAME COMMAND...
{
	local name=$1 rc=0 began=$SECONDS
	shift
	n=$((n + 1))
	( "$@" ) >$OUT 2>&1 || rc=$?
	case $rc in
	0)	echo "ok $n - $name" ;;
	3)	# Our own kernels have what they are made for: there, nothing is left out.
		case $(uname -r) in
		*-debug|*-kcsan) bad=$((bad + 1)); printf 'not ' ;;
		esac
		echo "ok $n - $name # SKIP $(sed -n 's/^MISSING //p' $OUT | head -n 1)" ;;
	*)	bad=$((bad + 1))
		echo "not ok $n - $name # exit $rc: $(grep -a . $OUT | head -n 1 | cut -c1-200)"
		head -n 20 $OUT | cut -c1-300 | sed 's/^/#   /' ;;
	esac
	[ "$rc" -ne 0 ] || grep -aE 'fault points|rounds=|files=|the limit was met' $OUT | sed 's/^/#   /'
	echo "# $((SECONDS - began)) s"
}

die() { echo "$*"; exit 1; }
mnt()			# SOURCE DIR [OPTIONS]
{
	mkdir -p "$2"
	eistool mount -o "ro${3:+,$3}" $TYPE "$1" "$2" || die "mount -o ro${3:+,$3} $1: see above"
}
unmnt() { local d; for d; do eistool umount "$d" || die "umount $d"; done; }
mounted() { grep -q " $1 " /proc/mounts; }
drop() { echo 3 >/proc/sys/vm/drop_caches; }
same() { cmp "$1" "$2" || die "$1 differs from $2"; }
check()			# DIR TREE: some files by every method, all by one
{
	eistool verify "$1" --ref "$REF/$2" --every 23 && eistool verify "$1" --ref "$REF/$2" --methods seq
}

# ---- basic -------------------------------------------------------------------------------

one_mount()		# SOURCE TREE OPTIONS
{
	mnt "$1" $M/x "$3"
	check $M/x "$2"
	ls -lR $M/x >/dev/null
	getfattr -R -h -d -m - $M/x >/dev/null 2>&1
	eistool dirs $M/x --samples 20 || exit 1
	eistool handles $M/x || exit 1
	drop
	unmnt $M/x
}

# Pages dropped, inodes kept: metadata has to be read while the data's locks are held.
metadata_under_data()		# SOURCE OPTIONS
{
	mnt "$1" $M/x "$2"
	ls -lR $M/x >/dev/null
	for i in 1 2; do
		find $M/x -type f >/tmp/list
		exec 7<$M/x/mid1 8<$M/x/small/1
		echo 1 >/proc/sys/vm/drop_caches
		same /proc/self/fd/8 $REF/$RA/small/1
		same /proc/self/fd/7 $REF/$RA/mid1
		xargs cat </tmp/list >/dev/null
		exec 7<&- 8<&-
	done
	unmnt $M/x
}

together()
{
	mnt /dev/vdb $M/1 domain_id=d
	mnt $IMG/a.erofs $M/2 domain_id=d
	mnt $IMG/a.erofs $M/3 domain_id=d,nodirectio
	mnt $IMG/b.erofs $M/4 domain_id=d
	mnt $IMG/a512.erofs $M/5 domain_id=d
	mnt $IMG/a.erofs $M/6
	for m in 1 2 3 5 6; do
		eistool verify $M/$m --ref $REF/a --every 17 || exit 1
	done
	eistool verify $M/4 --ref $REF/b --every 17 || exit 1
	drop
	for m in 6 5 4 3 2 1; do
		cat $M/$m/big >/dev/null || die "read by $m"
	done
	for m in 2 3 5; do
		eistool pfn --compare $M/1/big $M/$m/big || exit 1
	done
	unmnt $M/[1-6]
}

# Background jobs by process id.
all_ended_well()
{
	local p rc=0
	for p; do
		wait "$p" || rc=1
	done
	return $rc
}

first_opens()
{
	local m p r readers=()
	mnt $DEV $M/1 domain_id=d
	mnt $A $M/2 domain_id=d
	mnt $B $M/3 domain_id=d,nodirectio
	eistool race-open --ref $REF/$RA/mid3 --threads 6 --seconds 20 --shared $M/1/mid3 $M/2/mid3 $M/3/mid3 || exit 1
	# From processes, and all files at once.
	for r in 1 2 3; do
		drop
		for m in 1 2 3; do
			for p in 1 2; do
				(find $M/$m -type f >/tmp/list-$m-$p && xargs cat </tmp/list-$m-$p >/dev/null) &
				readers+=($!)
			done
		done
		all_ended_well "${readers[@]}" || die "a reader failed"
		readers=()
	done
	unmnt $M/[1-3]
}

pressure()
{
	local met
	mnt $DEV $M/1 domain_id=d
	mnt $A $M/2 domain_id=d
	eistool race-open --ref $REF/$RA/big --threads 4 --seconds 20 --mem 500000000 $M/1/big $M/2/big || exit 1
	mkdir -p /tmp/cg
	mount -t cgroup2 none /tmp/cg || die "no cgroup2"
	echo +memory >/tmp/cg/cgroup.subtree_control || die "no memory controller"
	mkdir -p /tmp/cg/small
	echo 6M >/tmp/cg/small/memory.max
	drop
	(
		echo $BASHPID >/tmp/cg/small/cgroup.procs
		exec eistool verify $M/2 --ref $REF/$RA --methods seq,mmap
	) || die "in a small cgroup"
	met=$(sed -n 's/^max //p' /tmp/cg/small/memory.events)
	echo "the limit was met $met times"
	[ "$met" -gt 0 ] || die "the limit was never met: this proves nothing"
	rmdir /tmp/cg/small
	umount /tmp/cg
	unmnt $M/1 $M/2
}

come_and_go()
{
	mkdir -p $M/come
	eistool race-mount --ref $REF/$RA/mid5 --mounts 4 --seconds 30 --drop --source $A \
		--source $B $TYPE $M/come domain_id=d mid5
}

leave_while_read()
{
	local i f readers
	mnt $B $M/2 domain_id=d
	for i in 1 2 3 4 5 6; do
		mnt $DEV $M/1 domain_id=d
		drop
		readers=()
		for f in $M/2/mid*; do
			cat "$f" >/dev/null &
			readers+=($!)
		done
		eistool inflight $M/1 || exit 1
		all_ended_well "${readers[@]}" || die "a reader of the healthy mount failed"
		same $M/2/big $REF/$RB/big
	done
	unmnt $M/2
}

lazy()
{
	mnt $A $M/1 domain_id=d
	exec 7<$M/1/big
	eistool umount -l $M/1 || exit 1
	drop
	same /proc/self/fd/7 $REF/$RA/big
	exec 7<&-
	eistool outlive --ref $REF/$RA/big $TYPE $A $M/1 domain_id=d big || exit 1
	eistool outlive --ref $REF/$RA/mid1 $TYPE $DEV $M/1 domain_id=e mid1
}

remounts()
{
	mnt $A $M/1 domain_id=d
	(
		for i in 1 2 3 4 5 6 7 8; do
			getfattr -R -h -d -m - $M/1 2>/dev/null | cksum >/dev/null
			ls -lR $M/1 >/dev/null
		done
	) &
	for i in 1 2 3 4 5 6; do
		for o in noacl nouser_xattr cache_strategy=disabled acl,user_xattr domain_id=d; do
			mount -i -o remount,ro,$o $M/1 || die "remount $o"
		done
		mount -i -o remount,ro,domain_id=other $M/1 2>/dev/null && die "another domain accepted"
		mount -i -o remount,ro,fsoffset=4096 $M/1 2>/dev/null && die "another offset accepted"
	done
	wait
	unmnt $M/1
}

# Shared files that outlive their mounts: dropped, joined again, run out, taken back under pressure.
warm()
{
	local i
	for i in 1 2 3 4 5 6; do
		mnt $A $M/1 domain_id=warm,warm=2
		mnt $B $M/2 domain_id=warm,warm=$i
		cat $M/1/mid* $M/2/mid* >/dev/null
		same $M/1/big $REF/$RA/big
		unmnt $M/1
		[ $((i % 3)) -ne 0 ] || drop
		[ $((i % 2)) -ne 0 ] || sleep 3
		same $M/2/big $REF/$RB/big
		unmnt $M/2
	done
	mnt $A $M/1 domain_id=warm,warm=60
	cat $M/1/mid* >/dev/null
	unmnt $M/1
}

overlay()
{
	modprobe overlay
	mnt $A $M/l1 domain_id=d
	mnt /dev/vdc $M/l2 domain_id=d
	mkdir -p $D/up $D/work $M/ov
	mount -t overlay -o lowerdir=$M/l1:$M/l2,upperdir=$D/up,workdir=$D/work overlay $M/ov || die "overlay"
	drop
	eistool verify $M/ov --ref $REF/$RA --every 29 || exit 1
	for f in big mid1 mid2 dir/name-00007 sparse; do
		echo more >>$M/ov/$f || die "copy up $f"
	done
	mv $M/ov/mid4 $M/ov/mid4-moved && rm $M/ov/mid6 && chmod 600 $M/ov/mid7 || die "change"
	head -c "$(stat -c %s $REF/$RA/big)" $M/ov/big | cmp - $REF/$RA/big || die "copied up wrong"
	eistool pfn $M/l1/mid8 >/dev/null
	umount $M/ov
	unmnt $M/l1 $M/l2
	rm -rf $D/up $D/work
}

# Writing to the file system an image lies on, from memory that has to be read from that image.
write_from_mapping()
{
	mnt $A $M/1 domain_id=d
	for i in 1 2 3; do
		drop
		failnth copy $M/1/big $D/copy || exit 1
		same $D/copy $REF/$RA/big
	done
	rm $D/copy
	unmnt $M/1
}

# The same into the image file itself: docs/SECURITY.md, "Writing to a mounted image file". It may end or
# wait for itself, but a writer that waits can be killed, and nothing else waits with it.
write_to_own_image()
{
	local pid
	cp $A $D/own
	mnt $D/own $M/1 domain_id=own
	mnt $A $M/2 domain_id=d
	drop
	failnth copy $M/1/big $D/own &
	pid=$!
	ended $pid 10 || echo "files=0: the writer waits for itself"
	# Others, and others of that domain's kind, go on meanwhile.
	same $M/2/big $REF/$RA/big
	kill -9 $pid 2>/dev/null
	ended $pid 20 || { cat /proc/$pid/stack; die "the writer cannot be killed"; }
	wait $pid 2>/dev/null
	# The image may be nonsense now, which is the writer's own doing.
	unmnt $M/2 $M/1
	rm $D/own
}
ended()			# PID SECONDS: it does end
{
	local i
	for i in $(seq $(($2 * 5))); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.2
	done
	return 1
}

devices()
{
	mnt $IMG/dev.erofs $M/1 device=$IMG/dev.blob,domain_id=d
	eistool verify $M/1 --ref $REF/a --every 19 || exit 1
	eistool loop $IMG/dev.blob >/tmp/loop || exit 1
	mnt /dev/vdd $M/2 device="$(cat /tmp/loop)",domain_id=d
	eistool verify $M/2 --ref $REF/a --every 19 || exit 1
	unmnt $M/1 $M/2
	eistool loop -d "$(cat /tmp/loop)"
}

# ---- compressed files --------------------------------------------------------------------

# Any of the other tests, for compressed images.
compressed() { A=$IMG/z/lz4.erofs RA=c B=$IMG/z/together.erofs RB=c DEV=/dev/vdf SLOW=zstd.erofs RS=c "$@"; }

# Every image of the tree in one domain: whoever comes first fills the page cache, by its own codec.
one_domain()
{
	local img m i=0 pids
	mnt /dev/vdf $M/z0 domain_id=d
	for img in $IMG/z/*.erofs; do
		i=$((i + 1))
		mnt "$img" $M/z$i domain_id=d
	done
	for _ in 1 2 3; do
		drop
		pids=''
		for m in $M/z*; do
			( cmp "$m/big" $REF/c/big && cmp "$m/mixed" $REF/c/mixed && cmp "$m/again" $REF/c/again ) &
			pids="$pids $!"
		done
		for m in $pids; do wait "$m" || die "differs"; done
	done
	for m in $M/z[1-9]; do
		eistool pfn --compare $M/z0/big "$m/big" || exit 1
	done
	unmnt $M/z*
}

# Readers of one image by read and by mapping, while memory is taken from it.
parallel()		# IMAGE OPTIONS
{
	mnt "$1" $M/p "$2"
	eistool race-open --ref $REF/c/mixed --threads 4 --seconds 15 $M/p/mixed $M/p/mixed || exit 1
	eistool race-open --ref $REF/c/big --threads 4 --seconds 15 --mem 500000000 $M/p/big || exit 1
	unmnt $M/p
}

strategies()		# cache_strategy= changed under readers
{
	local o pid
	mnt $IMG/z/dedupe.erofs $M/s ''
	( for _ in 1 2 3; do drop; eistool verify $M/s --ref $REF/c --methods seq,rand,mmap,readahead --every 5 || exit 1; done ) &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		for o in disabled readahead readaround; do
			mount -i -o remount,ro,cache_strategy=$o $M/s || die "remount $o"
		done
	done
	wait $pid || die "reading under remounts"
	unmnt $M/s
}

# Bytes changed behind the superblock: any error will do, for that image alone. Its neighbour has a
# domain of its own, since nothing tells wrong bytes from right ones there.
corrupted()		# IMAGE SEED
{
	local i k size files=0
	RANDOM=$2
	size=$(stat -c %s "$1")
	mnt $IMG/z/zstd.erofs $M/2 domain_id=d
	for i in 3 9 27; do
		cp "$1" /tmp/bad
		for k in $(seq $i); do
			printf "\\x$(printf %x $((RANDOM % 256)))" | dd of=/tmp/bad bs=1 conv=notrunc status=none \
				seek=$((1152 + (RANDOM * 32768 + RANDOM) % (size - 1152)))
		done
		eistool mount -o ro,domain_id=bad $TYPE /tmp/bad $M/1 2>/dev/null || continue
		files=$((files + 1))
		find $M/1 -type f -exec cat {} + >/dev/null 2>&1
		[ $i -ne 27 ] || eistool readall $M/1 --mmap >/dev/null 2>&1
		drop
		same $M/2/mixed $REF/c/mixed
		unmnt $M/1
	done
	[ $files -gt 0 ] || die "none could be mounted"
	echo "files=$files damaged images mounted and read"
	unmnt $M/2
	rm /tmp/bad
}

# ---- failing mounts ----------------------------------------------------------------------

refused()		# OPTIONS SOURCE
{
	if eistool mount -o "ro${1:+,$1}" $TYPE "$2" $M/x >/tmp/why 2>&1; then
		eistool umount $M/x
		die "mounted: $2 with '$1'"
	fi
}

failed_mounts()
{
	local i
	mkdir -p $M/x
	for i in 1 2 3; do
		for f in $IMG/bad-*; do refused '' "$f"; done
		for f in $IMG/bad-*; do refused domain_id=d "$f"; done
		refused '' $IMG/none-such
		refused '' $IMG
		refused '' /dev/ttyS0
		refused '' /proc/version
		refused inode_share $IMG/a.erofs
		refused fsoffset=100 $IMG/a.erofs
		refused fsoffset=512 $IMG/a.erofs
		refused fsoffset=1000000000000 $IMG/a.erofs
		refused device=$IMG/none,domain_id=d $IMG/dev.erofs
		refused device=$IMG/a.erofs,device=$IMG/b.erofs,domain_id=d $IMG/dev.erofs
		refused device=/dev/ttyS0,domain_id=d $IMG/dev.erofs
		refused device=$IMG/bad-zero,domain_id=d $IMG/dev.erofs
		refused domain_id= $IMG/a.erofs
		refused nonsense $IMG/a.erofs
		mnt /dev/vdb $M/1 domain_id=d
		refused domain_id=e /dev/vdb
		refused '' /dev/vdb
		refused fsoffset=4096,domain_id=d /dev/vdb
		mnt /dev/vdb $M/2 domain_id=d
		refused '' $M/1/big
		unmnt $M/2 $M/1
	done
	for f in $IMG/cut-*; do
		mnt "$f" $M/x domain_id=d
		ls -lR $M/x >/dev/null 2>&1
		find $M/x -type f -exec cat {} + >/dev/null 2>&1
		unmnt $M/x
	done
}

# ---- failing and slow storage ------------------------------------------------------------

slow()			# unmount and lazy unmount with delayed reads in flight
{
	local dev dm s i
	modprobe dm_mod && modprobe dm_delay || die "no dm-delay"
	dev=$DEV
	s=$(blockdev --getsz $dev)
	dm=$(eistool dm create slow "$s" delay "$dev 0 300") || die "dm: $dm"
	for i in 1 2 3; do
		mnt "$dm" $M/1 domain_id=d
		mnt $B $M/2 domain_id=d
		eistool inflight $M/1 || exit 1
		same $M/2/big $REF/$RB/big
		unmnt $M/2
		mnt "$dm" $M/1 domain_id=d
		cat $M/1/mid* >/dev/null &
		sleep 0.2
		eistool umount -l $M/1
		wait
	done
	eistool dm remove slow
}

slow_file()		# an image file on a slow file system: direct reads in flight at unmount
{
	local dm i
	modprobe dm_delay
	dm=$(eistool dm create slowfs "$(blockdev --getsz /dev/vde)" delay "/dev/vde 0 200") || die "dm: $dm"
	mkdir -p $M/fs
	mount -t ext4 -o ro "$dm" $M/fs || die "mount ext4"
	for i in 1 2 3; do
		mnt $M/fs/$SLOW $M/1 domain_id=d
		eistool inflight $M/1 || exit 1
	done
	umount $M/fs || die "the image file is still held"
	eistool dm remove slowfs
}

failing()
{
	local dm s i
	modprobe dm_mod
	s=$(blockdev --getsz $DEV)
	dm=$(eistool dm create bad "$s" linear "$DEV 0") || die "dm: $dm"
	for i in 1 2 3; do
		mnt "$dm" $M/1 domain_id=d
		mnt $A $M/2 domain_id=d
		ls -lR $M/1 >/dev/null
		eistool dm reload bad "$s" error || exit 1
		drop
		# The healthy one must not notice; the other one fails cleanly.
		find $M/1 -type f -exec cat {} + >/dev/null 2>&1 &
		eistool verify $M/2 --ref $REF/$RA --methods seq || exit 1
		wait
		eistool umount $M/1 || exit 1
		refused domain_id=d "$dm"
		eistool dm reload bad "$s" linear "$DEV 0" || exit 1
		unmnt $M/2
	done
	eistool dm remove bad
}

# A disk that fails every other second: mount, reading and unmount each fall into both of its states. Half of the mounts
# share, so that what failed meets what is there, and half are alone.
flaky()			# DEVICE DIR-OF-ITS-IMAGE|-
{
	local dm s img i f tries=0 mounted=0 refused=0 good=0 failed=0
	modprobe dm_mod && modprobe dm_flakey || die "no dm-flakey"
	s=$(blockdev --getsz $1)
	dm=$(eistool dm create flaky "$s" linear "$1 0") || die "dm: $dm"
	img=$dm
	if [ "$2" != - ]; then
		mkdir -p $M/fs
		mount -t ext4 -o ro "$dm" $M/fs || die "mount ext4"
		img=$M/fs/$2
	fi
	mnt $A $M/2 domain_id=d
	mkdir -p $M/1
	eistool dm reload flaky "$s" flakey "$1 0 1 1" || exit 1
	while [ $tries -lt 12 ] || [ $mounted -eq 0 ] || [ $refused -eq 0 ] || [ $good -eq 0 ] || [ $failed -eq 0 ]; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || die "mounted=$mounted refused=$refused files read=$good failed=$failed: this proves nothing"
		drop
		i=domain_id=d
		[ $((tries % 2)) -eq 0 ] || i=domain_id=alone
		if ! eistool mount -o "ro,$i" $TYPE "$img" $M/1 >/tmp/why 2>&1; then
			grep -q EIO /tmp/why || die "mount: $(cat /tmp/why)"
			refused=$((refused + 1))
			sleep 0.3
			continue
		fi
		mounted=$((mounted + 1))
		for f in mid1 small/3 big own mid7; do
			if cat $M/1/$f >/tmp/copy 2>/dev/null; then
				good=$((good + 1))
				same /tmp/copy "$REF/$RS/$f"
			else
				failed=$((failed + 1))
			fi
		done
		ls -lR $M/1 >/dev/null 2>&1
		# Reads are on their way when it goes, too.
		eistool inflight $M/1 >/tmp/why 2>&1 || ! grep 'umount with' /tmp/why || exit 1
		! mounted $M/1 || unmnt $M/1
	done
	same $M/2/big $REF/$RA/big
	unmnt $M/2
	eistool dm reload flaky "$s" linear "$1 0" || exit 1
	mnt "$img" $M/1 domain_id=d
	eistool verify $M/1 --ref $REF/$RS --methods seq || exit 1
	unmnt $M/1
	[ "$2" = - ] || umount $M/fs || die "the image file is still held"
	eistool dm remove flaky
	echo "files=$good read and $failed failed, $mounted mounts and $refused refused"
}

# A disk that is pulled out of the machine, with reads under way, and put back.
removed()
{
	local disk at f i readers=()
	disk=$(basename $DEV)
	at=$(readlink -f /sys/block/$disk/device/..)
	[ -w "$at/remove" ] || die "$at cannot be removed"
	mnt $DEV $M/1 domain_id=d
	mnt $B $M/2 domain_id=d
	ls -lR $M/1 >/dev/null
	exec 7<$M/1/mid1
	for f in $M/1/mid* $M/1/small/* $M/1/own; do
		cat "$f" >/dev/null 2>&1 &
		readers+=($!)
	done
	echo 1 >"$at/remove"
	for i in "${readers[@]}"; do
		ended "$i" 20 || die "a reader waits for the disk that is gone"
	done
	[ ! -b $DEV ] || die "$DEV is still there"
	drop
	! cat $M/1/own >/dev/null 2>&1 || die "read from a disk that is gone"
	check $M/2 $RB || exit 1
	exec 7<&-
	unmnt $M/1
	echo 1 >/sys/bus/pci/rescan
	for i in $(seq 50); do
		[ ! -b $DEV ] || break
		sleep 0.2
	done
	mnt $DEV $M/1 domain_id=d
	eistool verify $M/1 --ref $REF/$RA --methods seq || exit 1
	unmnt $M/1 $M/2
}

truncated()
{
	local i
	for i in 1 2; do
		cp $A $D/cut
		mnt $D/cut $M/1 domain_id=d
		mnt $B $M/2 domain_id=d
		ls -lR $M/1 >/dev/null
		truncate -s 100000 $D/cut
		drop
		find $M/1 -type f -exec cat {} + >/dev/null 2>&1
		truncate -s 0 $D/cut
		drop
		ls -lR $M/1 >/dev/null 2>&1
		find $M/1 -type f -exec cat {} + >/dev/null 2>&1
		same $M/2/big $REF/$RB/big
		rm $D/cut
		eistool umount -l $M/1
		unmnt $M/2
	done
}

# ---- every n-th fault --------------------------------------------------------------------

fault() { failnth "$@"; }
faults_mount()
{
	mkdir -p $M/x
	fault mount $TYPE "$1" $M/x "$2"
}
faults_umount()		# SOURCE OPTIONS
{
	mkdir -p $M/x
	fault umount $TYPE "$1" $M/x "$2" mid3 || exit 1
	! mounted $M/x || unmnt $M/x
}
faults_on()		# OPTIONS SOURCE COMMAND...
{
	mnt "$2" $M/x "$1"
	shift 2
	local rc=0
	"$@" || rc=$?
	unmnt $M/x
	return $rc
}
# Addresses of the module's code: faults only below our own functions.
module_range()
{
	local a s
	a=$(cat /sys/module/erofs_ishare/sections/.text)
	s=$(awk '$1 == "erofs_ishare" {print $2}' /proc/modules)
	printf '0x%x:0x%x' $((a)) $((a + s))
}
open_always_works()	# SOURCE [OPTIONS]
{
	mnt "$1" $M/x domain_id=d${2:+,$2}
	local rc=0
	failnth --from "$(module_range)" --must open $M/x/mid3 $REF/$RA/mid3 || rc=1
	failnth --from "$(module_range)" --must open $M/x/dir/name-00011 $REF/$RA/dir/name-00011 || rc=1
	# And where another mount has the file open already, so that it is joined and not made.
	mnt $B $M/y domain_id=d
	exec 9<$M/y/mid3
	cat <&9 >/dev/null
	failnth --from "$(module_range)" --must open $M/x/mid3 $REF/$RA/mid3 || rc=1
	exec 9<&-
	unmnt $M/y $M/x
	return $rc
}
inject_most=1000000
injected()		# since inject
{
	local k left sum=0
	for k in failslab fail_page_alloc; do
		read -r left <"/sys/kernel/debug/$k/times"
		sum=$((sum + inject_most - left))
	done
	echo $sum
}
# Not this task's n-th allocation but any, also of the workers that decode: one of fifty.
inject()		# PERCENT
{
	local k v warns
	# Mapping pages warns when the kernel's own last resort fails, too (va_clip() in mm/vmalloc.c), and then fails as it should.
	warns=$(awk 'from { print from ":0x" $1; exit } $3 == "alloc_vmap_area" { from = "0x" $1 }' /proc/kallsyms)
	[ -n "$warns" ] || die "no alloc_vmap_area in /proc/kallsyms"
	for k in failslab fail_page_alloc; do
		for v in probability=0 verbose=0 stacktrace-depth=32 require-start="${range%:*}" require-end="${range#*:}" \
				reject-start="${warns%:*}" reject-end="${warns#*:}" \
				interval=1 times=$inject_most ignore-gfp-wait=N probability="$1"; do
			echo "${v#*=}" >"/sys/kernel/debug/$k/${v%%=*}" || die "no $k/${v%%=*}"
		done
	done
	echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}
random_faults()		# SOURCE OPTIONS
{
	local range f faults errors=0 files=0
	range=$(module_range)
	mnt "$1" $M/x "$2"
	(cd $REF/c && find . -type f ! -path './dir/*') >/tmp/list
	[ -s /tmp/list ] || die "no files to read"
	inject 2
	for _ in 1 2 3 4 5 6; do
		drop
		while read -r f; do
			files=$((files + 1))
			# cmp(1) of this guest takes an error for the end of the file.
			cat "$M/x/$f" >/tmp/copy 2>/dev/null || { errors=$((errors + 1)); continue; }
			cmp /tmp/copy "$REF/c/$f" >/tmp/cmp 2>&1 || { inject 0; die "wrong data in $f: $(cat /tmp/cmp)"; }
		done </tmp/list
	done
	faults=$(injected)
	inject 0
	rm /tmp/copy
	echo "files=$files read, $errors failed, $faults allocations failed"
	[ "$faults" -gt 0 ] || die "no allocation failed: this proves nothing"
	eistool verify $M/x --ref $REF/c --methods seq || exit 1
	unmnt $M/x
}
# Loading a module without memory has the kernel itself print traces (warn_alloc()), and once a warning
# (event_define_fields()): so the log is read here, without these, and not by whoever watches the console.
faults_load()
{
	local d watch printk rc=0
	modprobe -r erofs_ishare || exit 1
	# Unloading took along what it needs.
	for d in $(modinfo -F depends erofs_ishare | tr , ' '); do
		modprobe "$d" || exit 1
	done
	echo "faults_load begins" >/dev/kmsg
	# A reader that is too slow gets an error once, and then what is still there.
	(while :; do cat 2>/dev/null; echo "overrun"; done) </dev/kmsg >/tmp/kmsg &
	watch=$!
	read -r printk _ </proc/sys/kernel/printk
	echo 1 >/proc/sys/kernel/printk
	echo 0 >/proc/sys/kernel/panic_on_warn
	failnth --max 4000 load "$KO" || rc=$?
	modprobe erofs_ishare || exit 1
	echo 1 >/proc/sys/kernel/panic_on_warn
	echo "$printk" >/proc/sys/kernel/printk
	echo "faults_load ends" >/dev/kmsg
	for _ in $(seq 300); do
		! grep -aq 'faults_load ends' /tmp/kmsg || break
		sleep 0.2
	done
	kill $watch
	pkill -x cat
	grep -aq 'faults_load ends' /tmp/kmsg || die "the log was not read to its end"
	echo "files=$(wc -c </tmp/kmsg) bytes of log read, parts of it lost: $(grep -c '^overrun' /tmp/kmsg)"
	sed '1,/faults_load begins/d' /tmp/kmsg >/tmp/kmsg.new
	grep -aqv 'faults_load ends' /tmp/kmsg.new || die "the log was not read"
	! grep -aE 'WARNING: |BUG: |Oops|UBSAN: |KASAN: |refcount_t: |Objects remaining' /tmp/kmsg.new |
		grep -avE ' (event_define_fields|event_file_put)\+' || die "the kernel complained"
	return $rc
}

# ---- the end -----------------------------------------------------------------------------

cycles()
{
	local i
	for i in $(seq 30); do
		modprobe erofs_ishare || die "load $i"
		mnt $A $M/1 domain_id=d
		mnt $DEV $M/2 domain_id=d,warm=60
		cat $M/1/mid1 $M/2/mid1 >/dev/null
		unmnt $M/1 $M/2
		# User space puts the last file off to the end of a task; the module may take a moment.
		modprobe -r erofs_ishare || die "unload $i: refcount $(cat /sys/module/erofs_ishare/refcnt)"
	done
	modprobe erofs_ishare
}

no_leaks()
{
	local why rc=0
	grep -a "$TYPE" /proc/mounts && die "still mounted"
	why=$(leaked_objects 'eis_|erofs_|failnth') || rc=$?
	[ $rc -ne 3 ] || { echo "MISSING $why"; exit 3; }
	[ $rc -eq 0 ] || die "$why"
}

# Not one access watched: nobody looked.
watched()
{
	local k=/sys/kernel/debug/kcsan
	grep -q 'enabled: 1' $k || die "KCSAN was turned off"
	[ "$(sed -n 's/^setup_watchpoints: //p' $k)" -gt 0 ] || die "no access was watched: $(cat $k)"
	echo "files=$(sed -n 's/^setup_watchpoints: //p' $k) accesses watched"
}

unload()
{
	modprobe -r erofs_ishare || die "refcount $(cat /sys/module/erofs_ishare/refcnt)"
	[ ! -d /sys/module/erofs_ishare ] || die "still there"
	! grep -a 'eis_' /proc/slabinfo || die "slabs left"
}
no_pages()
{
	local why rc=0
	[ ! -d /sys/module/erofs_ishare ] || die "the module is still there, and so may be its pages"
	why=$(leaked_pages) || rc=$?
	[ $rc -ne 3 ] || { echo "MISSING $why"; exit 3; }
	[ $rc -eq 0 ] || die "$why"
}

group_basic()
{
	t "block device" one_mount /dev/vdb a ''
	t "image file, direct" one_mount $IMG/a.erofs a ''
	t "image file, buffered" one_mount $IMG/b.erofs b nodirectio
	t "image file, 512-byte blocks" one_mount $IMG/a512.erofs a domain_id=d
	t "image without digests in a domain" one_mount $IMG/plain.erofs a domain_id=d
	t "extra devices" devices
	t "one domain: block device, direct, buffered, other block size" together
	t "remount under use" remounts
	t "overlay on top, copy up" overlay
	t "failed mounts of every kind" failed_mounts
}
group_meta()
{
	t "metadata read under data, private, inline tails" metadata_under_data $IMG/a.erofs ''
	t "metadata read under data, private, buffered, chunks" metadata_under_data $IMG/dev.erofs nodirectio,device=$IMG/dev.blob
	t "metadata read under data, shared, chunks" metadata_under_data $IMG/dev.erofs domain_id=d,device=$IMG/dev.blob
	t "metadata read under data, block device" metadata_under_data /dev/vdb ''
}
group_races()
{
	t "parallel first opens" first_opens
	t "mounts that come and go" come_and_go
	t "unmount while others read" leave_while_read
	t "lazy unmount, mapping outlives mount" lazy
	t "files that stay warm after their mounts" warm
	t "memory pressure and a small cgroup" pressure
}
group_storage()
{
	t "delayed reads at unmount" slow
	t "delayed direct reads of an image file at unmount" slow_file
	t "device that fails beside a healthy one" failing
	t "image file truncated and deleted while mounted" truncated
	t "a disk that fails every other second" flaky $DEV -
	t "an image file on a disk that fails every other second" flaky /dev/vde $SLOW
	t "a disk that is pulled out and put back" removed
}
group_compressed()
{
	local i=0 img
	local options=('' domain_id=d nodirectio domain_id=d,cache_strategy=disabled cache_strategy=readahead)
	for img in $IMG/z/*.erofs; do
		t "compressed: $(basename "$img" .erofs)" one_mount "$img" c "${options[i++ % 5]}"
	done
	t "compressed: block device" one_mount /dev/vdf c domain_id=d
	for img in together b512 metabox zdir; do
		t "compressed: metadata read under data, $img" compressed metadata_under_data $IMG/z/$img.erofs ''
	done
	t "compressed: all images and a block device in one domain" one_domain
}
group_zraces()
{
	local img
	t "compressed: parallel first opens" compressed first_opens
	t "compressed: parallel reads, lz4, block device" parallel /dev/vdf ''
	for img in zstd together b512; do
		t "compressed: parallel reads, $img" parallel $IMG/z/$img.erofs domain_id=d
	done
	t "compressed: memory pressure and a small cgroup" compressed pressure
	t "compressed: cache_strategy= changed under readers" strategies
	t "compressed: remount under use" compressed remounts
	t "compressed: mounts that come and go" compressed come_and_go
	t "compressed: unmount while others read" compressed leave_while_read
	t "compressed: lazy unmount, mapping outlives mount" compressed lazy
	t "compressed: overlay on top, copy up" compressed overlay
}
group_zstorage()
{
	local img seed=0
	t "compressed: delayed reads at unmount" compressed slow
	t "compressed: delayed direct reads of an image file at unmount" compressed slow_file
	t "compressed: device that fails beside a healthy one" compressed failing
	t "compressed: image file truncated and deleted while mounted" compressed truncated
	t "compressed: a disk that fails every other second" compressed flaky /dev/vdf -
	t "compressed: an image file on a disk that fails every other second" compressed flaky /dev/vde zstd.erofs
	t "compressed: a disk that is pulled out and put back" compressed removed
	for img in lz4 lz4full zstd lzma deflate together allfrag metabox zdir b512; do
		seed=$((seed + 1))
		t "compressed: damaged $img" corrupted $IMG/z/$img.erofs $seed
	done
}
group_zfaults()
{
	local img z=$IMG/z
	t "faults: compressed: first open never fails by sharing" compressed open_always_works $z/lz4.erofs
	for img in lz4hc zstd lzma deflate dedupe frag; do
		t "faults: compressed: cold read, $img" faults_on domain_id=d $z/$img.erofs fault read $M/x/mid2 $REF/c/mid2
	done
	t "faults: compressed: cold read, block device" faults_on '' /dev/vdf fault read $M/x/mid2 $REF/c/mid2
	t "faults: compressed: cold read, nothing kept" faults_on cache_strategy=disabled $z/b512.erofs fault read $M/x/mid2 $REF/c/mid2
	t "faults: compressed: cold read, runs" faults_on '' $z/lz4.erofs fault read $M/x/runs $REF/c/runs
	t "faults: compressed: page faults, image file" faults_on domain_id=d $z/zstd.erofs fault mmap $M/x/mid2 $REF/c/mid2
	t "faults: compressed: page faults, block device" faults_on domain_id=d /dev/vdf fault mmap $M/x/mid2 $REF/c/mid2
	t "faults: compressed: small file, all in the packed inode" faults_on domain_id=d $z/allfrag.erofs fault read $M/x/small/7 $REF/c/small/7
	t "faults: compressed: lookup, directories" faults_on '' $z/zdir.erofs fault lookup $M/x/dir/name-00003
	t "faults: compressed: readdir" faults_on '' $z/zdir.erofs fault readdir $M/x/dir
	t "faults: compressed: readlink, metabox" faults_on '' $z/metabox.erofs fault readlink $M/x/link-long
	t "faults: compressed: fiemap" faults_on '' /dev/vdf fault fiemap $M/x/mid4
	for img in lz4 together metabox; do
		t "faults: compressed: mount, $img" faults_mount $z/$img.erofs domain_id=d
	done
	t "faults: compressed: unmount" faults_umount $z/zstd.erofs domain_id=d
}
group_zrandom()
{
	local img z=$IMG/z
	for img in lz4 zstd together zdir; do
		t "faults: compressed: any allocation, workers included, $img" random_faults $z/$img.erofs domain_id=d
	done
}
group_faults()
{
	t "faults: first open never fails by sharing, block device" open_always_works /dev/vdb
	t "faults: first open never fails by sharing, image file" open_always_works $IMG/a.erofs
	t "faults: first open never fails by sharing, digests of a sidecar" open_always_works $IMG/plain.erofs sidecar=$IMG/plain.sidecar
	t "faults: open and join" faults_on domain_id=d $IMG/a.erofs fault open $M/x/mid2 $REF/a/mid2
	t "faults: cold read, image file, shared" faults_on domain_id=d $IMG/a.erofs fault read $M/x/mid2 $REF/a/mid2
	t "faults: cold read, image file, buffered" faults_on nodirectio $IMG/a.erofs fault read $M/x/mid2 $REF/a/mid2
	t "faults: cold read, block device, shared" faults_on domain_id=d /dev/vdb fault read $M/x/mid2 $REF/a/mid2
	t "faults: O_DIRECT, image file" faults_on domain_id=d $IMG/a.erofs fault direct $M/x/mid2 $REF/a/mid2
	t "faults: O_DIRECT, block device" faults_on domain_id=d /dev/vdb fault direct $M/x/mid2 $REF/a/mid2
	t "faults: page faults, image file" faults_on domain_id=d $IMG/a.erofs fault mmap $M/x/mid2 $REF/a/mid2
	t "faults: page faults, block device" faults_on domain_id=d /dev/vdb fault mmap $M/x/mid2 $REF/a/mid2
	t "faults: lookup" faults_on domain_id=d $IMG/a.erofs fault lookup $M/x/dir/name-00003
	t "faults: readdir" faults_on domain_id=d $IMG/a.erofs fault readdir $M/x/dir
	t "faults: xattr" faults_on domain_id=d $IMG/a.erofs fault xattr $M/x/xattr
	t "faults: readlink" faults_on '' $IMG/a.erofs fault readlink $M/x/link-long
	t "faults: open by handle" faults_on domain_id=d $IMG/a.erofs fault handle $M/x/mid4 $M/x
	t "faults: fiemap" faults_on '' /dev/vdb fault fiemap $M/x/mid4
	t "faults: remount" faults_on domain_id=d $IMG/a.erofs fault remount $TYPE $IMG/a.erofs $M/x domain_id=d
	t "faults: mount, image file" faults_mount $IMG/a.erofs domain_id=d
	t "faults: mount, block device" faults_mount /dev/vdb domain_id=d
	t "faults: mount, extra device" faults_mount $IMG/dev.erofs device=$IMG/dev.blob,domain_id=d
	t "faults: mount, sidecar" faults_mount $IMG/plain.erofs sidecar=$IMG/plain.sidecar,domain_id=d
	t "faults: unmount, image file" faults_umount $IMG/a.erofs domain_id=d
	t "faults: unmount, files stay warm" faults_umount $IMG/a.erofs domain_id=d,warm=60
	t "faults: unmount, sidecar" faults_umount $IMG/plain.erofs sidecar=$IMG/plain.sidecar,domain_id=d
	t "faults: unmount, block device" faults_umount /dev/vdb domain_id=d
}
group_load() { t "faults: loading the module" faults_load; }
group_write()
{
	t "write from a mapping to where the image lies" write_from_mapping
	t "write from a mapping to the image file itself" write_to_own_image
}
group_cycles() { t "thirty loads and unloads, with warm files left" cycles; }

groups="basic meta races storage compressed zraces zstorage zfaults zrandom faults load write cycles"
[ $# -gt 0 ] || set -- $groups
mkdir -p $D $M
modprobe ext4
mount -t ext4 /dev/vda $D || { echo "not ok 1 - data disk"; exit 1; }
modprobe erofs_ishare || { echo "not ok 1 - modprobe erofs_ishare"; exit 1; }
case $(uname -r) in
*-kcsan) grep -q 'enabled: 1' /sys/kernel/debug/kcsan || { echo "not ok 1 - KCSAN is not looking"; exit 1; } ;;
esac
echo clear >/sys/kernel/debug/kmemleak 2>/dev/null
for g in /sys/block/vd[bcf]/make-it-fail; do
	echo 1 >"$g"	# only for tasks that ask for it by fail-nth
done
for g; do
	case " $groups " in *" $g "*) group_$g ;; *) echo "not ok - $g # no such group"; bad=1 ;; esac
done
case $(uname -r) in *-kcsan) t "accesses were watched" watched ;; esac
t "nothing leaked" no_leaks
t "the module can be unloaded" unload
t "no page of its is left" no_pages
echo "1..$n"
[ $bad -eq 0 ]
