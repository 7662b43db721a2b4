# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# races: joins at a barrier, mounts that come and go, mappings that outlive their mounts, reads in
# flight at unmount; then the module must unload. SECONDS_EACH stretches them (default 6).

S=${SECONDS_EACH:-6}
R=$DATA/ref
dom() { ours && echo "$1"; }

# Small files and large ones: with and without several pages in flight.
join()			# FILE
{
	mnt $IMG/share-a.erofs $MNT/a "$(dom domain_id=j)"
	mnt $IMG/share-b.erofs $MNT/b "$(dom domain_id=j)"
	mnt $IMG/share-chunk.erofs $MNT/c "$(dom domain_id=j)"
	mnt $IMG/share-v1.erofs $MNT/d "$(dom domain_id=j)"
	eistool race-open --ref $R/share-a/common/$1 --threads 8 --seconds $S --mem 96M $(ours && echo --shared) \
		$MNT/a/common/$1 $MNT/b/common/$1 $MNT/c/common/$1 $MNT/d/common/$1 || return 1
	unmnt $MNT/a $MNT/b $MNT/c $MNT/d
}
t "eight threads join one small file" join f5
t "eight threads join one large file" join big
join_private()
{
	mnt $IMG/share-none.erofs $MNT/a "$(dom domain_id=j)"
	eistool race-open --ref $R/share-a/common/f7 --threads 6 --seconds 2 $MNT/a/common/f7 || return 1
	unmnt $MNT/a
}
t "first opens of a file without a digest" join_private
come_and_go()		# OPTIONS
{
	mkdir -p $MNT/base
	set --
	if ours; then
		for i in share-a share-b share-chunk; do set -- "$@" --source $IMG/$i.erofs; done
	else
		loop $IMG/share-a.erofs
		set -- --source $dev
	fi
	eistool race-mount --ref $R/share-a/common/f7 --mounts 4 --seconds $S --mem 64M --drop "$@" \
		$FSTYPE $MNT/base "$(dom domain_id=cg)" common/f7 || return 1
	loops_free
}
t "mounts come and go while one is read" come_and_go
come_and_go_disks()
{
	mkdir -p $MNT/base
	set --
	for i in share-a share-b share-chunk; do
		loop $IMG/$i.erofs
		set -- "$@" --source $dev
		ours || break
	done
	eistool race-mount --ref $R/share-a/common/f6 --mounts 3 --seconds $S --drop "$@" \
		$FSTYPE $MNT/base "$(dom domain_id=cg)" common/f6 || return 1
	loops_free
}
t "mounts of block devices come and go" come_and_go_disks
outlive()
{
	mkdir -p $MNT/o
	src=$IMG/share-a.erofs
	ours || { loop $src; src=$dev; }
	_o=$(eistool outlive --ref $R/share-a/common/big $FSTYPE $src $MNT/o "$(dom domain_id=out)" common/big) || { echo "$_o"; return 1; }
	echo "$_o"
	ours && { echo "$_o" | grep -q ': yes' || die "the old mapping and the new mount do not share"; }
	loops_free
}
t "mapping and descriptor outlive the mount" outlive
lazy()
{
	mnt $IMG/share-a.erofs $MNT/a "$(dom domain_id=lazy)"
	mkfifo $T/go
	eistool hold $MNT/a/common/big <$T/go >$T/hold 2>&1 &
	pid=$!
	exec 7>$T/go
	while ! grep -q ready $T/hold; do sleep 0.1; done
	eistool umount -l $MNT/a || return 1
	echo 3 >/proc/sys/vm/drop_caches
	exec 7>&-
	wait $pid
	rm $T/go
	grep -q "sha256=$(sha256sum $R/share-a/common/big | cut -d' ' -f1)" $T/hold || { cat $T/hold; return 1; }
	loops_free
}
t "lazy unmount with the file open" lazy
# The disk $dm of $n sectors is $dev, every answer MS milliseconds late; from now on.
slow() { eistool dm reload slow $n delay "$dev 0 $1" >/dev/null || die "dm: the table of $1 ms"; }
slow_disk()		# in $dm, over $dev
{
	modprobe dm_delay || missing "dm-delay"
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create slow $n delay "$dev 0 0") || die "dm: $dm"
	mkdir -p $MNT/s
}
# Unmounts $MNT/s while $dm has not answered the reads that were begun of every file, and dies if there were none.
unmount_reading()	# [DIR-OF-THE-IMAGE-FILE]
{
	# Nothing but metadata is cached, here and below.
	for d in $MNT/s "$@"; do
		eistool readall $d --drop >/dev/null || die "readall $d"
	done
	slow 30000
	eistool inflight $MNT/s >$T/inflight 2>&1 &
	pid=$! _i=0
	while grep -q " $MNT/s " /proc/mounts && kill -0 $pid 2>/dev/null && [ $_i -lt 200 ]; do
		_i=$((_i + 1))
		sleep 0.1
	done
	# The mount must have left the tree, and its unmount(2) wait for what is below.
	waits=no
	grep -q " $MNT/s " /proc/mounts || ! kill -0 $pid 2>/dev/null || waits=yes
	# "0 SECTORS delay READS WRITES FLUSHES": how many the disk holds back
	reads=$(dmsetup status slow | awk '{print $4}')
	# With another table comes what the old one held back.
	slow 0
	wait $pid || { cat $T/inflight; return 1; }
	echo "reads in flight: $reads, umount waits: $waits, after $_i turns; $(cat $T/inflight)"
	[ "${reads:-0}" -gt 0 ] && [ $waits = yes ] || die "nothing was in flight at unmount"
}
in_flight()		# WHAT-SHARES
{
	loop $IMG/share-a.erofs
	slow_disk
	[ -z "$1" ] || mnt $IMG/share-b.erofs $MNT/other "$(dom domain_id=fl)"
	for i in 1 2 3; do
		_o=$(eistool mount -o "ro,$(dom domain_id=fl)" $FSTYPE $dm $MNT/s) || die "mount: $_o"
		unmount_reading || return 1
		if [ -n "$1" ]; then
			# the pages that were being read through the mount that is gone
			eistool verify $MNT/other --ref $R/share-b --methods seq --warm || return 1
			echo 3 >/proc/sys/vm/drop_caches
		fi
	done
	[ -z "$1" ] || unmnt $MNT/other
	eistool dm remove slow || return 1
	loops_free
}
t "unmount with delayed reads in flight" in_flight ""
t "the same beside a mount that shares the pages" in_flight other
# A filesystem for an image file, as the loop device $dev.
image_disk()		# IMAGE
{
	dd if=/dev/zero of=$T/disk bs=1M count=12 2>/dev/null
	mke2fs -F $T/disk >/dev/null 2>&1 || die "mke2fs"
	mkdir -p $MNT/fs
	_dev=$(losetup -f --show $T/disk) || die "losetup: $_dev"
	mount -t ext4 $_dev $MNT/fs || die "mount of the image file's filesystem"
	cp $IMG/$1.erofs $MNT/fs/image && umount $MNT/fs && losetup -d $_dev || die "cp of $1"
	loop $T/disk
}
in_flight_files()	# OPTIONS
{
	ours_only
	image_disk share-a
	slow_disk
	mount -t ext4 -o ro $dm $MNT/fs || die "mount on the slow disk"
	for i in 1 2 3; do
		mnt $MNT/fs/image $MNT/s domain_id=ff$1
		unmount_reading $MNT/fs || return 1
		mnt $MNT/fs/image $MNT/s domain_id=ff$1
		eistool verify $MNT/s --ref $R/share-a --methods seq || return 1
		eistool umount $MNT/s || return 1
	done
	umount $MNT/fs && eistool dm remove slow || return 1
	loops_free
	rm $T/disk
}
t "unmount with reads of an image file in flight" in_flight_files ""
t "unmount with reads of an image file in flight, nodirectio" in_flight_files ,nodirectio
t "the module unloads after all that" unload_module
