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
in_flight()		# WHAT-SHARES
{
	modprobe dm_delay || missing "dm-delay"
	loop $IMG/share-a.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create slow $n delay "$dev 0 0") || die "dm: $dm"
	mkdir -p $MNT/s
	[ -z "$1" ] || mnt $IMG/share-b.erofs $MNT/other "$(dom domain_id=fl)"
	for i in 1 2 3; do
		eistool dm reload slow $n delay "$dev 0 0" >/dev/null
		_o=$(eistool mount -o "ro,$(dom domain_id=fl)" $FSTYPE $dm $MNT/s) || die "mount: $_o"
		ls -lR $MNT/s >/dev/null
		eistool dm reload slow $n delay "$dev 0 300" >/dev/null
		eistool inflight $MNT/s || return 1
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
in_flight_files()
{
	ours_only
	# the image file itself lies on a slow disk
	modprobe dm_delay || missing "dm-delay"
	n=$(blockdev --getsz /dev/vda)
	dm=$(eistool dm create slowfs $n delay "/dev/vda 0 0") || missing "a second mapping of the data disk"
	mkdir -p $MNT/fs
	mount -t ext4 -o ro $dm $MNT/fs || missing "a second mount of the data disk"
	for i in 1 2; do
		eistool dm reload slowfs $n delay "/dev/vda 0 0" >/dev/null
		mnt $MNT/fs/images/share-a.erofs $MNT/s domain_id=ff
		ls -lR $MNT/s >/dev/null
		eistool dm reload slowfs $n delay "/dev/vda 0 200" >/dev/null
		eistool inflight $MNT/s || return 1
	done
	umount $MNT/fs && eistool dm remove slowfs
}
t "unmount with reads of an image file in flight" in_flight_files
t "the module unloads after all that" unload_module
