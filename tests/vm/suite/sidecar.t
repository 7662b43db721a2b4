# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# sidecar: digests for images that carry none. Who shares, what is refused at mount, and what a sidecar
# that is damaged or changed later can do: nothing but keep a file private.

if ! ours; then
	echo "ok - sidecar # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref
SC=$IMG/share-none.sidecar
X=$T/x.sidecar

common()		# DIR DIR: every file of common/ is one in both
{
	for f in $1/common/*; do
		[ -s "$f" ] || continue
		pages_equal "$f" "$2/common/${f##*/}" || die "not shared: $f"
	done
}
mnt $IMG/share-a.erofs $MNT/a domain_id=d1 || die "mount"

with_xattrs()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$SC
	for f in $(cd $MNT/a && find . -type f -size +0); do
		pages_equal $MNT/a/$f $MNT/n/$f || die "not shared: $f"
	done
	eistool verify $MNT/n --ref $R/share-a --methods seq,mmap,direct,rand || return 1
	unmnt $MNT/n
}
t "an image with a sidecar shares with one that has digests" with_xattrs
with_sidecar()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d2,sidecar=$SC
	mnt $IMG/old-b.erofs $MNT/o domain_id=d2,sidecar=$IMG/old-b.sidecar
	common $MNT/n $MNT/o || return 1
	pages_differ $MNT/n/own/f0 $MNT/o/own/f0 || return 1
	pages_differ $MNT/n/common/big $MNT/a/common/big || return 1
	eistool verify $MNT/o --ref $R/share-b --max 200k || return 1
	eistool verify $MNT/n --ref $R/share-a --max 200k --warm || return 1
	unmnt $MNT/n $MNT/o
}
t "two images with sidecars share, by mkfs.erofs 1.5 and 1.9" with_sidecar
compressed()		# IMAGE
{
	mnt $IMG/$1.erofs $MNT/n domain_id=d1,sidecar=$IMG/$1.sidecar
	common $MNT/a $MNT/n || return 1
	eistool verify $MNT/n --ref $R/share-b --methods seq,mmap || return 1
	unmnt $MNT/n
}
t "a compressed image, with fragments" compressed old-z
t "a compressed image, its inodes in a metabox" compressed old-metabox
devices()
{
	mnt $IMG/old-blob.erofs $MNT/n domain_id=d1,device=$IMG/old-blob.dev,sidecar=$IMG/old-blob.sidecar
	common $MNT/a $MNT/n || return 1
	eistool verify $MNT/n --ref $R/share-b --methods seq,mmap || return 1
	unmnt $MNT/n
}
t "an image with an extra device" devices
blocks()
{
	loop $IMG/share-none.erofs
	mkdir -p $MNT/n
	expect ok eistool mount -o ro,domain_id=d1,sidecar=$SC $FSTYPE $dev $MNT/n
	common $MNT/a $MNT/n || return 1
	mkdir -p $MNT/m
	expect ok eistool mount -o ro,domain_id=d1,sidecar=$SC $FSTYPE $dev $MNT/m
	cp $SC $X
	expect "!EBUSY" eistool mount -o ro,domain_id=d1,sidecar=$X $FSTYPE $dev $MNT/o
	expect "!EBUSY" eistool mount -o ro,domain_id=d1 $FSTYPE $dev $MNT/o
	unmnt $MNT/m $MNT/n
}
mkdir -p $MNT/o
t "a block device, mounted once with one sidecar" blocks
places()
{
	cp $SC "$T/a name, with blanks"
	mkdir -p $MNT/n
	for sc in "$T/a name, with blanks" $SC; do
		for o in directio nodirectio; do
			eistool mountfd $FSTYPE $IMG/share-none.erofs $MNT/n domain_id=d1 "sidecar=$sc" $o >$T/log ||
				{ cat $T/log; return 1; }
			common $MNT/a $MNT/n || return 1
			unmnt $MNT/n
		done
	done
}
t "a sidecar on ext4 and on tmpfs, direct and buffered" places
by_fd()
{
	mkdir -p $MNT/n
	eistool mountfd $FSTYPE $IMG/share-none.erofs $MNT/n domain_id=d1 "sidecar@$SC" >$T/log || { cat $T/log; return 1; }
	common $MNT/a $MNT/n || return 1
	grep " $MNT/n " /proc/mounts | grep -q "[, ]sidecar=$SC[, ]" || { grep " $MNT/n " /proc/mounts; die "not shown"; }
	unmnt $MNT/n
}
t "given as a file descriptor" by_fd
shown()
{
	cp $SC "$T/white space"
	mkdir -p $MNT/n
	eistool mountfd $FSTYPE $IMG/share-none.erofs $MNT/n domain_id=Sesame2 "sidecar=$T/white space" >$T/log || return 1
	line=$(grep " $MNT/n " /proc/mounts)
	case $line in *Sesame2*) die "$line" ;; *"sidecar=$T/white\\040space"*) ;; *) die "$line" ;; esac
	unmnt $MNT/n
}
t "/proc/mounts shows it, escaped" shown
remounts()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$SC
	expect ok eistool mount -o remount,ro,sidecar=$SC $FSTYPE none $MNT/n
	expect ok eistool mount -o remount,ro,nouser_xattr $FSTYPE none $MNT/n
	cp $SC $X
	expect "!EINVAL" eistool mount -o remount,ro,sidecar=$X $FSTYPE none $MNT/n
	common $MNT/a $MNT/n || return 1
	unmnt $MNT/n
	expect "!EINVAL" eistool mount -o remount,ro,sidecar=$X $FSTYPE none $MNT/a
}
t "remount: the same one only" remounts
off()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$SC,noinode_share
	pages_differ $MNT/a/common/big $MNT/n/common/big || return 1
	unmnt $MNT/n
}
t "noinode_share: checked and not used" off
own_first()
{
	# The sidecar says of every file what the image does not; the image is right.
	mnt $IMG/share-a.erofs $MNT/n domain_id=d1,sidecar=$IMG/share-a-lies.sidecar
	common $MNT/a $MNT/n || return 1
	unmnt $MNT/n
}
t "the image's own digest comes first" own_first
# The superblock of a mounted block device is handed out again with its sidecar, by whatever name, and no other.
again()
{
	cp $SC $X
	mnt_disk $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$X || die "mount"
	mkdir -p $MNT/m
	ln -s $X $T/link
	expect ok eistool mount -o ro,domain_id=d1,sidecar=$T/link $FSTYPE $dev $MNT/m
	eistool umount $MNT/m
	expect "!EBUSY" eistool mount -o ro,domain_id=d1 $FSTYPE $dev $MNT/m
	cp $SC $X.new
	mv $X.new $X
	expect "!EBUSY" eistool mount -o ro,domain_id=d1,sidecar=$X $FSTYPE $dev $MNT/m
	unmnt $MNT/n
	rm $T/link
}
t "a block device again, with its sidecar and another" again
gone()
{
	cp $SC $X
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$X
	rm $X
	echo 3 >/proc/sys/vm/drop_caches
	common $MNT/a $MNT/n || return 1
	unmnt $MNT/n
}
t "deleted while mounted" gone

helper()
{
	mkdir -p $MNT/n $MNT/nest
	cd $IMG
	mount -t $FSTYPE -o domain_id=d1,sidecar=share-none.sidecar share-none.erofs $MNT/n || die "mount failed"
	grep " $MNT/n " /proc/mounts | grep -q "[, ]sidecar=$SC[, ]" || { grep " $MNT/n " /proc/mounts; die "not made absolute"; }
	common $MNT/a $MNT/n || return 1
	umount $MNT/n
	mount -t $FSTYPE -o domain_id=d1,device=old-blob.dev,sidecar=old-blob.sidecar old-blob.erofs $MNT/n || die "device= failed"
	umount $MNT/n
	_o=$(mount -t $FSTYPE -o domain_id=d1,sidecar=old-b.sidecar share-none.erofs $MNT/n 2>&1) && die "was mounted"
	case $_o in *SC_IMAGE_*) ;; *) die "does not show the kernel's words: $_o" ;; esac
	# What cannot be read directly gets a loop device, and loses it again.
	mount -t $FSTYPE nest.erofs $MNT/nest || die "nest"
	mount -t $FSTYPE $MNT/nest/inner.erofs $MNT/n || die "no loop device was tried"
	losetup -a | grep -q inner.erofs || die "no loop device"
	eistool readall $MNT/n >/dev/null || return 1
	umount $MNT/n
	losetup -a | grep inner.erofs && die "the loop device stays"
	umount $MNT/nest
}
cp $SUITE_DIR/bin/mount.erofs-ishare /sbin/
t "mount.erofs-ishare: paths, messages, loop devices" helper
rm -f /sbin/mount.erofs-ishare

mkfifo $T/fifo
# --- refused at mount ----------------------------------------------------------------------
refused()		# ERRNO LOG OPTIONS [IMAGE]
{
	log_mark
	_o=$(eistool mount -o "ro,$3" $FSTYPE $IMG/${4:-share-none}.erofs $MNT/o) && { eistool umount $MNT/o; die "was mounted"; }
	log_since >$T/log
	[ "$_o" = "!$1" ] || { cat $T/log; die "$_o, should be $1"; }
	[ "$(grep -ac 'erofs-ishare' $T/log)" = 1 ] || { cat $T/log; die "not one line in the kernel log"; }
	grep -aq "${4:-share-none}.erofs.*sidecar.*$2" $T/log || { cat $T/log; die "no line says /$2/"; }
}
t "without domain_id" refused EINVAL 'domain_id' sidecar=$SC
empty()
{
	log_mark
	expect "!EINVAL" eistool mount -o ro,domain_id=d,sidecar= $FSTYPE $IMG/share-none.erofs $MNT/o
	log_ours | grep -q sidecar || { log_ours; die "the log does not say why"; }
}
t "an empty path" empty
t "given twice" refused EINVAL 'twice' domain_id=d,sidecar=$SC,sidecar=$SC
t "a path that does not exist" refused ENOENT 'path cannot be followed' domain_id=d,sidecar=$T/nothing
t "a directory" refused EINVAL 'regular file' domain_id=d,sidecar=$T
t "a FIFO" refused EINVAL 'regular file' domain_id=d,sidecar=$T/fifo
t "a block device" refused EINVAL 'regular file' domain_id=d,sidecar=/dev/vdb
t "a file on a mount of this type" refused EINVAL 'erofs-ishare mount' domain_id=d,sidecar=$MNT/a/common/big
t "an image instead of a sidecar" refused EINVAL 'SC_MAGIC' domain_id=d,sidecar=$IMG/share-a.erofs
t "the sidecar of another image" refused EINVAL 'SC_IMAGE_' domain_id=d,sidecar=$IMG/old-b.sidecar
t "the sidecar of another image with devices" refused EINVAL 'SC_IMAGE_' domain_id=d,sidecar=$IMG/old-blob.sidecar
other_uuid()
{
	cp $IMG/share-none.erofs $T/other.erofs
	eistool poke $T/other.erofs $((1024 + 48 + 5)) 77
	eistool sbfix $T/other.erofs
	log_mark
	_o=$(eistool mount -o ro,domain_id=d,sidecar=$SC $FSTYPE $T/other.erofs $MNT/o) && die "was mounted"
	[ "$_o" = '!EINVAL' ] || die "$_o"
	log_ours | grep -q SC_IMAGE_UUID || { log_ours; die "the log does not say why"; }
	rm $T/other.erofs
}
t "an image with another uuid" other_uuid
other_super()
{
	# Nothing but what lies behind the superblock in its block differs.
	cp $IMG/share-none.erofs $T/other.erofs
	eistool poke $T/other.erofs 4090 5a
	eistool sbfix $T/other.erofs
	_o=$(eistool mount -o ro,domain_id=d,sidecar=$SC $FSTYPE $T/other.erofs $MNT/o) && die "was mounted"
	[ "$_o" = '!EINVAL' ] || die "$_o"
	rm $T/other.erofs
}
t "an image with another first block" other_super
damaged()		# ERRNO LOG COMMAND...
{
	cp $SC $X
	_e=$1 _l=$2
	shift 2
	"$@" || die "could not make the damage"
	refused $_e "$_l" domain_id=d,sidecar=$X
}
t "bad magic" damaged EINVAL SC_MAGIC eistool poke $X 0 00
t "version 2" damaged EOPNOTSUPP SC_VERSION eistool poke $X 12 02
t "bad header" damaged EBADMSG SC_CHECKSUM eistool poke $X 4000 01
t "bad number of records" damaged EBADMSG SC_CHECKSUM eistool poke $X 16 ff
t "an empty file" damaged EIO SOURCE truncate -s 0 $X
size=$(stat -c %s $SC)
t "a header cut off" damaged EBADMSG SC_CHECKSUM truncate -s 100 $X
t "one byte less" damaged EUCLEAN SC_SIZE truncate -s $((size - 1)) $X
t "one block less" damaged EUCLEAN SC_SIZE truncate -s $((size - 4096)) $X
t "one block more" damaged EUCLEAN SC_SIZE truncate -s $((size + 4096)) $X
for f in algorithm:EOPNOTSUPP:SC_ALGORITHM records:EUCLEAN:SC_RECORDS size:EUCLEAN:SC_SIZE; do
	IFS=: read -r n e l <<-END
		$f
	END
	t "forged: $n" refused $e $l domain_id=d,sidecar=$IMG/share-none-$n.sidecar
done

# --- damage and changes after the mount ------------------------------------------------------
# Every file is right and can be opened; files share, or they do not.
unharmed()		# DIR
{
	eistool verify $1 --ref $R/share-a --methods seq,mmap || return 1
	bad=0 good=0
	for f in $MNT/a/common/*; do
		[ -s "$f" ] || continue
		case $(eistool pfn --compare "$f" "$1/common/${f##*/}") in
		*shared=0\ *) bad=$((bad + 1)) ;;
		*) good=$((good + 1)) ;;
		esac
	done
	note "files that share: $good, private: $bad"
}
leaf_damage()
{
	cp $SC $X
	eistool poke $X $((4096 + 8 + 20)) 5a5a
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$X
	log_mark
	unharmed $MNT/n || return 1
	[ $bad -gt 0 ] || die "a damaged block was believed"
	log_ours | grep -q 'sidecar.*stays private.*SC_BLOCK' || { log_ours; die "the log does not say it"; }
	[ "$(log_ours | wc -l)" -le 12 ] || die "$(log_ours | wc -l) lines in the log"
	unmnt $MNT/n
}
t "a damaged block: its files are private" leaf_damage
order()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$IMG/share-none-order.sidecar
	unharmed $MNT/n || return 1
	unmnt $MNT/n
}
t "forged: records out of order" order
# changed_later WITH: the sidecar's file gets other content after the mount; no block of that is believed.
# Read-ahead at mount brings more than the header, and what is in memory stays right: a drop of the
# caches may find it still under way, so it may take a few mounts to have none of it in memory.
changed_later()
{
	for try in 1 2 3 4 5; do
		cp $SC $X
		mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$X || return 1
		drop_caches
		"$@"
		unharmed $MNT/n || return 1
		[ $good != 0 ] || return 0
		unmnt $MNT/n
	done
	die "blocks that were not in the sidecar at mount were believed"
}
cut_off()
{
	changed_later truncate -s 4096 $X || return 1
	unmnt $MNT/n
}
t "truncated while mounted" cut_off
# Right for this image, and every checksum of it is right: but not what was mounted.
overwrite() { cat $T/late >$X; }
replaced()
{
	cp $IMG/share-none-late.sidecar $T/late
	changed_later overwrite || return 1
	unmnt $MNT/n
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1,sidecar=$X
	unharmed $MNT/n || return 1
	unmnt $MNT/n
}
t "overwritten in place while mounted" replaced
under_load()
{
	cp $SC $X
	for i in 1 2 3; do
		mnt $IMG/share-none.erofs $MNT/n$i domain_id=d1,sidecar=$X
		( eistool readall $MNT/n$i; eistool readall $MNT/n$i --mmap ) >$T/load.$i 2>&1 &
	done
	for i in 1 2 3 4 5 6; do
		truncate -s 5000 $X
		cat $SC >$X
		echo 3 >/proc/sys/vm/drop_caches
	done
	wait
	grep FAIL $T/load.* && return 1
	for i in 1 2 3; do
		eistool verify $MNT/n$i --ref $R/share-a --methods seq || return 1
		unmnt $MNT/n$i
	done
}
t "changed again and again under readers" under_load
unmnt $MNT/a
t "nothing is left behind" unload_module
