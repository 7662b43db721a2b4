# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# storage: the places an image may be in: disk, loop device, file (direct, buffered, by descriptor,
# on several filesystems), at an offset, spread over several devices; and what each costs in cache.

whole() { eistool verify "$1" --ref $DATA/ref/${2:-share-a} --methods seq,mmapback,direct,rand || return 1; }

disk()
{
	mkdir -p $MNT/d
	expect ok eistool mount -o ro $FSTYPE /dev/vdb $MNT/d
	whole $MNT/d || return 1
	same_manifest $MNT/d $DATA/man/share-a --skip-xattr trusted.erofs.fingerprint || return 1
	unmnt $MNT/d
}
t "a virtio disk" disk
looped()		# IMAGE REF BLOCKSIZE
{
	loop $IMG/$1.erofs --bs $3
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro $FSTYPE $dev $MNT/d) || die "mount: $_o"
	whole $MNT/d $2 || return 1
	unmnt $MNT/d
}
t "a loop device" looped share-a share-a 512
t "a loop device, 512-byte blocks in the image" looped share-b share-b 512
t "a loop device of 4 KiB sectors" looped share-a share-a 4096

backed()		# FILE [OPTIONS]
{
	mkdir -p $MNT/d
	_o=$(eistool mount -o "ro${2:+,$2}" $FSTYPE "$1" $MNT/d) || die "mount $1: $_o"
	whole $MNT/d || return 1
	unmnt $MNT/d
}
file_ext4() { ours_only; backed $IMG/share-a.erofs; }
t "a file on ext4" file_ext4
file_ext4_buffered() { ours_only; backed $IMG/share-a.erofs nodirectio; }
t "a file on ext4, nodirectio" file_ext4_buffered
file_tmpfs() { ours_only; cp $IMG/share-a.erofs $T/copy; backed $T/copy; backed $T/copy nodirectio; rm $T/copy; }
t "a file on tmpfs" file_tmpfs
relative()
{
	ours_only
	cd $IMG && mkdir -p $MNT/d
	expect ok eistool mount -o ro $FSTYPE share-a.erofs $MNT/d
	whole $MNT/d || return 1
	unmnt $MNT/d
}
t "a relative path" relative
util_linux()
{
	ours_only
	mkdir -p $MNT/d
	mount -t $FSTYPE -o domain_id=util $IMG/share-a.erofs $MNT/d || die "mount(8) failed"
	losetup -a | grep share-a && die "mount(8) made a loop device"
	whole $MNT/d || return 1
	umount $MNT/d
}
t "mount(8) of a file, without a loop device" util_linux
odd_end()
{
	# The last page of the image file is not whole: its metadata must be readable all the same.
	ours_only
	for i in trixie.b512noinl trixie.b512compact; do
		[ $(($(stat -c %s $IMG/$i.erofs) % 4096)) != 0 ] || die "$i has whole pages only: of no use here"
		for o in directio nodirectio; do
			mnt $IMG/$i.erofs $MNT/d $o
			eistool manifest $MNT/d --no-content --no-xattr >$T/m || { cat $T/m; return 1; }
			unmnt $MNT/d
		done
	done
}
t "a file whose last page is not whole" odd_end
by_fd()
{
	ours_only
	mkdir -p $MNT/d
	eistool mountfd --source-fd $FSTYPE $IMG/share-a.erofs $MNT/d domain_id=fd >$T/log || { cat $T/log; return 1; }
	whole $MNT/d || return 1
	mnt $IMG/share-b.erofs $MNT/d2 domain_id=fd
	pages_equal $MNT/d/common/big $MNT/d2/common/big || return 1
	unmnt $MNT/d $MNT/d2
}
t "source given as a file descriptor" by_fd
deleted()
{
	ours_only
	cp $IMG/share-a.erofs $T/gone
	mnt $T/gone $MNT/d
	rm $T/gone
	echo 3 >/proc/sys/vm/drop_caches
	whole $MNT/d || return 1
	unmnt $MNT/d
}
t "an image file deleted while mounted" deleted

devices_by_loop()
{
	loop $IMG/bookworm.blob.erofs
	main=$dev
	loop $IMG/bookworm.blob.dev
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro,device=$dev $FSTYPE $main $MNT/d) || die "mount: $_o"
	eistool verify $MNT/d --manifest $DATA/man/syn254 --methods seq,mmap,direct --every 5 || return 1
	unmnt $MNT/d
}
t "an extra device, both block devices" devices_by_loop
devices_mixed()
{
	ours_only
	loop $IMG/bookworm.blob.dev
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro,device=$dev $FSTYPE $IMG/bookworm.blob.erofs $MNT/d) || die "mount: $_o"
	eistool verify $MNT/d --manifest $DATA/man/syn254 --methods seq,mmap,direct --every 5 || return 1
	unmnt $MNT/d
}
t "an image file with a block device" devices_mixed
by_tag()
{
	ours_only
	cp $IMG/bookworm.blob.erofs $T/tagged
	slot=$(($(eistool sb $T/tagged devt_slotoff) * 128))
	eistool poke $T/tagged $slot $(printf 'layer-one' | hexdump -v -e '/1 "%02x"')
	eistool sbfix $T/tagged
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro,device=layer-one=$IMG/bookworm.blob.dev $FSTYPE $T/tagged $MNT/d) || die "mount: $_o"
	eistool verify $MNT/d --manifest $DATA/man/syn254 --methods seq --every 5 || return 1
	unmnt $MNT/d
	_o=$(eistool mount -o ro,device=layer-two=$IMG/bookworm.blob.dev $FSTYPE $T/tagged $MNT/d) && die "a tag the image lacks was taken"
	[ "$_o" = "!EINVAL" ] || die "a tag the image lacks: $_o"
	rm $T/tagged
}
t "an extra device by its tag" by_tag

# The superblock of a mounted block device is handed out again, but not to who asks for another device.
device_again()
{
	ours_only
	cp $IMG/bookworm.blob.dev $T/other
	for f in $IMG/bookworm.blob.erofs $IMG/bookworm.blob.dev $T/other; do
		loop $f
		case $f in *.erofs) main=$dev ;; *.dev) one=$dev ;; *) two=$dev ;; esac
	done
	mkdir -p $MNT/d $MNT/e
	expect ok eistool mount -o ro,device=$one $FSTYPE $main $MNT/d
	expect "!EBUSY" eistool mount -o ro,device=$two $FSTYPE $main $MNT/e
	expect "!EBUSY" eistool mount -o ro $FSTYPE $main $MNT/e
	expect "!EBUSY" eistool mount -o ro,device=/no/such/device $FSTYPE $main $MNT/e
	log_mark
	expect "!EBUSY" eistool mount -o ro,device=$one,device=$two $FSTYPE $main $MNT/e
	log_ours | grep -q 'already mounted with other device' || { log_ours; die "the log does not say it"; }
	ln -s $one $T/link
	expect ok eistool mount -o ro,device=$T/link $FSTYPE $main $MNT/e
	unmnt $MNT/e $MNT/d
	rm $T/other $T/link
}
t "a mounted block device again, with other extra devices" device_again
# The device that was opened counts, not what has its name by now.
device_renamed()
{
	ours_only
	cp $IMG/bookworm.blob.dev $T/other
	loop $IMG/bookworm.blob.dev
	one=$dev
	loop $T/other
	mknod $T/node b $((0x$(stat -c %t $one))) $((0x$(stat -c %T $one)))
	exec 9<$T/node
	mkdir -p $MNT/d
	expect ok eistool mountfd $FSTYPE $IMG/bookworm.blob.erofs $MNT/d device@/proc/self/fd/9
	eistool umount $MNT/d || die "umount"
	mount --bind $dev $T/node
	_o=$(eistool mountfd $FSTYPE $IMG/bookworm.blob.erofs $MNT/d device@/proc/self/fd/9) && die "it took another device of that name"
	case $_o in *"!ENODEV at create"*) ;; *) die "$_o" ;; esac
	exec 9<&-
	umount $T/node
	loops_free
	rm $T/node $T/other
}
t "an extra device whose name leads elsewhere" device_renamed

offset_file()
{
	ours_only
	backed $IMG/share-a-at-12288.bin fsoffset=12288
	backed $IMG/share-a-at-12288.bin fsoffset=12288,nodirectio
}
t "fsoffset in a file" offset_file
offset_loop()
{
	ours || [ "$(uname -r | cut -d. -f1)" -ge 7 ] || missing "fsoffset in this in-tree driver"
	loop $IMG/share-a-at-12288.bin
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro,fsoffset=12288 $FSTYPE $dev $MNT/d) || die "mount: $_o"
	whole $MNT/d || return 1
	unmnt $MNT/d
}
t "fsoffset in a block device" offset_loop

# mincore pages of the backing file, and all of the mount's files
cached() { eistool resident "$@" | sed 's/.* mincore=\([0-9]*\) .*/\1/' | awk '{n += $1} END {print n + 0}'; }
cache_cost()
{
	ours_only
	cp $IMG/share-a.erofs $T/x 2>/dev/null && rm $T/x
	echo 3 >/proc/sys/vm/drop_caches
	mnt $IMG/share-a.erofs $MNT/d
	eistool readall $MNT/d || return 1
	files=$(cached $(find $MNT/d -type f -size +0))
	backing=$(cached $IMG/share-a.erofs)
	note "pages: files $files, backing file $backing"
	[ $files -ge 900 ] || die "only $files pages of the mount are cached"
	[ $backing -le $((files / 20)) ] || die "the backing file keeps $backing pages, the files $files: more than 1.05 in all"
	unmnt $MNT/d
}
t "an image file read directly is cached once" cache_cost
cache_cost_buffered()
{
	ours_only
	echo 3 >/proc/sys/vm/drop_caches
	mnt $IMG/share-a.erofs $MNT/d nodirectio
	eistool readall $MNT/d >/dev/null
	backing=$(cached $IMG/share-a.erofs)
	[ $backing -ge 500 ] || die "nodirectio, but the backing file has only $backing pages cached"
	unmnt $MNT/d
}
t "nodirectio goes through the file's cache" cache_cost_buffered

failing_disk()
{
	modprobe dm_mod
	loop $IMG/share-a.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create bad $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/d
	_o=$(eistool mount -o ro $FSTYPE $dm $MNT/d) || die "mount: $_o"
	ls -lR $MNT/d >/dev/null
	cat $MNT/d/common/f0 >/dev/null
	eistool dm reload bad $n error || return 1
	_o=$(eistool open $MNT/d/common/big --read 0 4096)
	[ "$_o" = "!EIO at read" ] || die "reading from a dead disk: $_o"
	_o=$(eistool open $MNT/d/common/big --direct --read 0 4096)
	[ "$_o" = "!EIO at read" ] || die "direct reading from a dead disk: $_o"
	eistool pfn $MNT/d/common/prog >$T/p && die "a mapping of a dead disk gives pages"
	grep -q SIGBUS $T/p || die "no SIGBUS from a mapping"
	eistool dm reload bad $n linear "$dev 0" || return 1
	whole $MNT/d || return 1
	eistool umount $MNT/d || return 1
	eistool dm remove bad || return 1
	loops_free
}
t "a disk that dies and comes back" failing_disk
