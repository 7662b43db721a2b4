# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# isolation: mounts that fail beside mounts that share their pages. Whoever comes first, readers of healthy
# mounts see no error and no wrong byte; the failing mount gets its own EIO. SECONDS_EACH stretches it.

if ! ours; then
	echo "ok - isolation # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
S=${SECONDS_EACH:-1}
R=$DATA/ref/api-a/data
loop $IMG/api-a.erofs
mnt $IMG/api-a.erofs $MNT/h1 domain_id=iso || die "mount"
mkdir -p $MNT/h2
expect ok eistool mount -o ro,domain_id=iso $FSTYPE $dev $MNT/h2
healthy_loop=$loops
loops=

# BREAK-COMMAND OPTIONS: the mount at $MNT/s is the one that is going to fail
beside()
{
	eistool isolate --ref $R --seconds $S ${2:-} --break "$1" --healthy $MNT/h1/data $MNT/h2/data \
		--sick $MNT/s/data || return
	# and afterwards every healthy file is whole
	for h in h1 h2; do
		echo 3 >/proc/sys/vm/drop_caches
		eistool verify $MNT/$h --ref $DATA/ref/api-a --methods seq,mmap || return
	done
}
sick_disk()
{
	loop $IMG/api-b.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create sick $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/s
	_o=$(eistool mount -o ro,domain_id=iso $FSTYPE $dm $MNT/s) || die "mount: $_o"
}
disk_off()
{
	eistool dm reload sick $n linear "$dev 0" >/dev/null
	eistool verify $MNT/s --ref $DATA/ref/api-b --methods seq,mmap || die "the disk is back, the mount is not"
	eistool umount $MNT/s && eistool dm remove sick && loops_free
}
dead_disk()
{
	sick_disk
	beside "eistool dm reload sick $n error >/dev/null" || return
	disk_off
}
t "a disk that is dead" dead_disk
flaky_disk()
{
	modprobe dm_flakey || missing "dm-flakey"
	# both of its states must come to pass
	[ $S -ge 3 ] || S=3
	sick_disk
	beside "eistool dm reload sick $n flakey '$dev 0 1 1' >/dev/null" || return
	disk_off
}
t "a disk that fails every other second" flaky_disk

# A filesystem for image files that are to be damaged: direct I/O works there on every kernel.
scratch()		# [IMAGE]
{
	dd if=/dev/zero of=$T/scratch bs=1M count=12 2>/dev/null
	mke2fs -F $T/scratch >/dev/null 2>&1 || die "mke2fs"
	_n=$(($(stat -c %s $T/scratch) / 512))
	sdev=$(losetup -f --show $T/scratch) || die "losetup: $sdev"
	mkdir -p $MNT/fs
	sdm=$(eistool dm create scratch $_n linear-rw "$sdev 0") || die "dm: $sdm"
	mount -t ext4 $sdm $MNT/fs || die "mount of the scratch filesystem"
	cp $IMG/${1:-api-b}.erofs $MNT/fs/image
	sync
}
scratch_off()
{
	grep -q " $MNT/fs " /proc/mounts && { umount $MNT/fs || return 1; }
	eistool dm remove scratch && losetup -d $sdev && rm -f $T/scratch
}
truncated()		# OPTIONS
{
	scratch
	mnt $MNT/fs/image $MNT/s domain_id=iso$1
	beside "truncate -s 200000 $MNT/fs/image" || return
	unmnt $MNT/s && scratch_off
}
t "an image file that is truncated" truncated ""
t "an image file that is truncated, nodirectio" truncated ,nodirectio
truncated_tmpfs()
{
	cp $IMG/api-b.erofs $T/image
	mnt $T/image $MNT/s domain_id=iso
	beside "truncate -s 200000 $T/image" || return
	unmnt $MNT/s && rm $T/image
}
t "an image file on tmpfs that is truncated" truncated_tmpfs
dead_below()
{
	scratch
	mnt $MNT/fs/image $MNT/s domain_id=iso
	beside "eistool dm reload scratch $_n error >/dev/null" || return
	eistool dm reload scratch $_n linear-rw "$sdev 0" >/dev/null
	unmnt $MNT/s && scratch_off
}
t "an image file whose disk is dead" dead_below
# More reads than any queue has workers wait for a disk that says nothing; image files on other disks are read meanwhile.
hangs()
{
	scratch scatter
	mnt $MNT/fs/image $MNT/s domain_id=hang,nodirectio
	mnt $IMG/scatter.erofs $MNT/h domain_id=well,nodirectio
	# Nothing but metadata is cached, neither here nor below.
	mkdir -p $MNT/one
	: >$MNT/one/image
	mount --bind $IMG/scatter.erofs $MNT/one/image || die "bind"
	for d in s h fs one; do
		eistool readall $MNT/$d --drop >/dev/null || die "readall $d"
	done
	umount $MNT/one/image
	eistool dm suspend scratch
	_why=
	timeout 30 eistool readall $MNT/s --willneed >$T/asked || _why="asking for pages waits for them"
	timeout 2 cat $MNT/s/down >/dev/null && _why="nothing hangs"
	timeout 30 sha256sum $MNT/h/up $MNT/h/down >$T/sums || _why="$_why; the healthy image could not be read"
	eistool dm resume scratch
	[ -z "$_why" ] || die "$_why"
	sha256sum $MNT/s/up $MNT/s/down | cut -d' ' -f1 >$T/sums.s
	cut -d' ' -f1 $T/sums | cmp - $T/sums.s || die "it is not what was read from the other one"
	unmnt $MNT/s $MNT/h && scratch_off
}
t "an image file whose disk hangs" hangs
# Is a process that was killed gone?
ended()			# PID
{
	_i=0
	until case $(sed -n 's/^State:[^A-Z]*//p' /proc/$1/status 2>/dev/null) in ''|Z*) ;; *) false ;; esac; do
		_i=$((_i + 1))
		[ $_i -lt 100 ] || return 1
		sleep 0.1
	done
}
open_killed()
{
	scratch
	cp $IMG/share-none.sidecar $MNT/fs/side
	sync
	mnt $IMG/share-none.erofs $MNT/s domain_id=killed,sidecar=$MNT/fs/side,nodirectio
	drop_caches
	eistool dm suspend scratch
	cat $MNT/s/common/big >/dev/null & _a=$!
	sleep 1
	cat $MNT/s/common/big >/dev/null & _b=$!
	sleep 1
	_why=
	kill -0 $_a && kill -0 $_b || _why="nobody waits for the sidecar"
	kill -9 $_b
	ended $_b || _why="$_why; an open that waits for another one is not killed"
	kill -9 $_a
	ended $_a || _why="$_why; an open that waits for the disk is not killed: $(cat /proc/$_a/stack)"
	eistool dm resume scratch
	[ -z "$_why" ] || die "$_why"
	mnt $IMG/share-none.erofs $MNT/h domain_id=killed,sidecar=$IMG/share-none.sidecar
	pages_equal $MNT/s/common/big $MNT/h/common/big || die "a killed open made the file private"
	unmnt $MNT/s $MNT/h && scratch_off
}
t "a first open that hangs can be killed, and who waits for it" open_killed
# Decoding is the reader's own work when it is little: not while the disk hangs and he is killed. A suspended device fails
# read-ahead at once, so this is about reads that are needed, too.
read_killed()		# IMAGE
{
	zip_disk
	loop $IMG/sid.share-$1.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create slow $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/z
	_o=$(eistool mount -o ro $FSTYPE $dm $MNT/z) || die "mount: $_o"
	# Nothing but metadata is cached.
	eistool readall $MNT/z --drop >/dev/null || die "readall"
	eistool dm suspend slow
	_why=
	for f in sizes/noise65537 sizes/text65537 mixed/large-runs; do
		cat $MNT/z/$f >/dev/null & _a=$!
		sleep 1
		kill -0 $_a || _why="$_why; $f: nobody waits for the disk"
		kill -9 $_a
		ended $_a || _why="$_why; $f: not killed: $(cat /proc/$_a/stack)"
	done
	eistool dm resume slow
	[ -z "$_why" ] || die "$_why"
	for f in sizes/noise65537 sizes/text65537 mixed/large-runs; do
		want=$(awk -v f="/$f" '$1 == f {sub(/.*sha256=/, ""); print substr($0, 1, 64)}' $DATA/man/zip)
		[ "$(sha256sum <$MNT/z/$f | cut -d' ' -f1)" = "$want" ] || die "$f is something else afterwards"
	done
	eistool umount $MNT/z && eistool dm remove slow && loops_free
}
for i in plain lz4 zstd; do
	t "a reader of a hanging disk can be killed: $i" read_killed $i
done
# An image may say that its files have no links. What has none is not kept by other file systems: its last user, which
# may be reclaim, would wait for the reads that are under way.
# What was used lately has a second chance.
drop_inodes()
{
	for _ in 1 2 3; do
		echo 2 >/proc/sys/vm/drop_caches
	done
}
no_links()
{
	scratch scatter
	for f in up down; do
		eval "$(eistool img $MNT/fs/image /$f)"
		if [ $isize = 64 ]; then
			eistool poke $MNT/fs/image $((inode + 44)) 00000000
		else
			eistool poke $MNT/fs/image $((inode + 6)) 0000
		fi
	done
	eistool sbfix $MNT/fs/image
	mnt $MNT/fs/image $MNT/s nodirectio
	[ "$(stat -c %h $MNT/s/up)" = 0 ] || die "it has links: this proves nothing"
	# Nothing but metadata is cached, neither here nor below.
	eistool readall $MNT/s --drop >/dev/null && eistool readall $MNT/fs --drop >/dev/null || die "readall"
	eistool dm suspend scratch
	_why=
	timeout 30 eistool readall $MNT/s --willneed >/dev/null || _why="asking for pages waits for them"
	drop_inodes & _a=$!
	ended $_a || _why="$_why; dropping inodes waits for their reads: $(cat /proc/$_a/stack)"
	eistool dm resume scratch
	[ -z "$_why" ] || die "$_why"
	cat $MNT/s/up $MNT/s/down >/dev/null || die "cannot be read afterwards"
	unmnt $MNT/s && scratch_off
}
t "files without links on a disk that hangs" no_links
# What a mount was reading when it hung keeps the shared pages locked, and so whoever takes them away. Not who opens the file.
last_one_hangs()
{
	scratch share-a
	mnt $MNT/fs/image $MNT/s domain_id=last
	mnt $IMG/share-b.erofs $MNT/h domain_id=last
	cat $MNT/s/common/big >/dev/null
	echo 1 >/proc/sys/vm/drop_caches
	stat $MNT/s/common/big >/dev/null
	eistool open $MNT/h/common/big >/dev/null || die "open"
	eistool open $MNT/s/common/big >/dev/null || die "open"
	eistool dm suspend scratch
	_why=
	cat $MNT/s/common/big >/dev/null & _a=$!
	sleep 1
	kill -0 $_a || _why="nobody waits for the disk"
	kill -9 $_a
	ended $_a || _why="$_why; the reader is not killed"
	# The hanging mount's inode goes, its read does not; then the healthy one is unmounted.
	exec 7<$MNT/h/common/big
	drop_inodes
	exec 7<&-
	umount $MNT/h & _u=$!
	sleep 2
	mnt $IMG/share-b.erofs $MNT/n domain_id=last
	timeout 20 cat $MNT/n/common/big >$T/big & _b=$!
	ended $_b || _why="$_why; a new mount's open waits for the hanging disk: $(cat /proc/$_b/stack)"
	eistool dm resume scratch
	wait $_u || _why="$_why; umount failed"
	[ -z "$_why" ] || die "$_why"
	cmp $T/big $DATA/ref/share-b/common/big || die "wrong bytes"
	unmnt $MNT/n $MNT/s && scratch_off
}
t "a file is opened anew while its pages wait for a disk that hangs" last_one_hangs
# The filesystem of an image file holds the file's lock while it pins the reader's memory. Were that faulted in meanwhile, and
# read from the same image by a worker, who comes behind somebody that wants the lock for himself: all three wait for ever.
direct_into_own()	# [hole]
{
	scratch share-a
	# Holes are not read: the processor writes zeros, and faults.
	if [ "$1" = hole ]; then
		eval "$(eistool img $MNT/fs/image /common/big)"
		_b=$(stat -c %b $MNT/fs/image)
		rm $MNT/fs/image
		dd if=$IMG/share-a.erofs of=$MNT/fs/image bs=4096 count=$((data / 4096)) 2>/dev/null
		dd if=$IMG/share-a.erofs of=$MNT/fs/image bs=4096 skip=$((data / 4096 + 16)) seek=$((data / 4096 + 16)) conv=notrunc 2>/dev/null
		sync
		[ "$(stat -c %b $MNT/fs/image)" -lt $_b ] || die "there is no hole"
	fi
	mnt $MNT/fs/image $MNT/s
	# Nothing but metadata is cached.
	eistool readall $MNT/s --drop >/dev/null || die "readall"
	eistool dm suspend scratch
	eistool direct-into $MNT/s/common/big $MNT/s/common/big >$T/direct 2>&1 & _a=$!
	sleep 1
	_why=
	kill -0 $_a || _why="nobody waits for the disk"
	chmod 600 $MNT/fs/image & _b=$!
	sleep 1
	eistool dm resume scratch
	ended $_a || _why="$_why; the direct read does not end: $(cat /proc/$_a/stack)"
	ended $_b || _why="$_why; changing the image's mode does not end"
	kill -9 $_a 2>/dev/null
	wait $_b
	unmnt $MNT/s && scratch_off || die "unmounting"
	[ -z "$_why" ] || die "$_why"
	expect ok cat $T/direct
}
t "a direct read into memory mapped from the same image" direct_into_own data
t "a direct read of a hole of the image file into such memory" direct_into_own hole
sysfs_of() { echo /sys/fs/erofs-ishare/$(awk -v d="$1" '$5 == d {print $3}' /proc/self/mountinfo); }
# Dropping a mount's inodes waits for what it reads.
drop_hangs()
{
	scratch share-a
	mnt $MNT/fs/image $MNT/s nodirectio
	mnt $IMG/share-b.erofs $MNT/h
	_s=$(sysfs_of $MNT/s) _h=$(sysfs_of $MNT/h)
	eistool readall $MNT/s --drop >/dev/null && eistool readall $MNT/fs --drop >/dev/null || die "readall"
	eistool dm suspend scratch
	_why=
	timeout 30 eistool readall $MNT/s --willneed >/dev/null || _why="asking for pages waits for them"
	echo 2 >$_s/drop_caches & _a=$!
	sleep 2
	kill -0 $_a || _why="$_why; nobody waits for the disk"
	echo 3 >$_h/drop_caches & _b=$!
	ended $_b || _why="$_why; dropping another mount's caches waits for it: $(cat /proc/$_b/stack)"
	eistool dm resume scratch
	wait $_a || _why="$_why; drop_caches failed"
	[ -z "$_why" ] || die "$_why"
	unmnt $MNT/h $MNT/s && scratch_off
}
t "caches are dropped beside a mount whose disk hangs" drop_hangs
detached()
{
	scratch
	mnt $MNT/fs/image $MNT/s domain_id=iso
	# the image stays reachable for its mount, as any open file does
	beside "rm $MNT/fs/image && umount -l $MNT/fs" --never-fails || return
	unmnt $MNT/s && scratch_off
}
t "an image file deleted, its filesystem detached" detached
detached_loop()
{
	cp $IMG/api-b.erofs $T/image
	loop $T/image
	mkdir -p $MNT/s
	expect ok eistool mount -o ro,domain_id=iso $FSTYPE $dev $MNT/s
	beside "rm $T/image && losetup -d $dev" --never-fails || return
	eistool umount $MNT/s
}
t "a loop device detached under its mount" detached_loop
unmnt $MNT/h1 $MNT/h2
loops=$healthy_loop
loops_free
