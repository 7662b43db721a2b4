# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# tree: one mount as a user sees it: statfs, label, read-only, programs run from it, /proc/mounts.

mnt $IMG/trixie.label.erofs $MNT/l || die "the first mount failed"

superblock_in_statfs()
{
	s=" $(eistool statfs $MNT/l) "
	for f in type=e0f5e1e2 bsize=4096 bfree=0 bavail=0 namelen=255; do
		case $s in *" $f "*) ;; *) die "statfs lacks $f:$s" ;; esac
	done
	inos=$(($(eistool sb $IMG/trixie.label.erofs inos)))
	blocks=$(($(eistool sb $IMG/trixie.label.erofs blocks_lo)))
	case $s in *" blocks=$blocks "*) ;; *) die "blocks should be $blocks:$s" ;; esac
	files=$(echo "$s" | sed 's/.* files=\([0-9]*\).*/\1/') ffree=$(echo "$s" | sed 's/.* ffree=\([0-9]*\).*/\1/')
	used=$(awk -v a="$files" -v b="$ffree" 'BEGIN {print substr(a, length(a) - 5) - substr(b, length(b) - 5)}')
	[ "$used" = $inos ] || die "files - ffree = $used, the image has $inos inodes:$s"
}
t "statfs tells the superblock" superblock_in_statfs
# a0b1c2d3-1122-3344-5566-778899aabbcc: its little-endian halves, one XOR the other
fsid_from_uuid()
{
	ours_only
	case $(eistool statfs $MNT/l) in *" fsid=5bb5d7f588888888 "*) ;; *) die "$(eistool statfs $MNT/l)" ;; esac
}
t "fsid comes from the UUID" fsid_from_uuid

have_label() { [ "$(uname -r | cut -d. -f1)" -ge 7 ] || ours || missing "label ioctl of this in-tree driver"; }
label() { have_label; expect fifteen-letters eistool label $MNT/l; }
t "label ioctl" label
label_none()
{
	have_label
	mnt $IMG/trixie.plain.erofs $MNT/n
	expect "" eistool label $MNT/n
	unmnt $MNT/n
}
t "label ioctl without a label" label_none

refuses()		# ERRNO-TEXT COMMAND...
{
	_w=$1
	shift
	_got=$("$@" 2>&1) && die "$* succeeded"
	case $_got in *"$_w"*) ;; *) die "$*: '$_got', should say '$_w'" ;; esac
}
read_only()
{
	refuses "Read-only" touch $MNT/l/new
	refuses "Read-only" rm $MNT/l/sizes/s100
	refuses "Read-only" mkdir $MNT/l/new
	refuses "Read-only" mv $MNT/l/sizes/s100 $MNT/l/sizes/s101
	refuses "Read-only" ln $MNT/l/sizes/s100 $MNT/l/new
	refuses "Read-only" ln -s x $MNT/l/new
	refuses "Read-only" chmod 600 $MNT/l/sizes/s100
	refuses "Read-only" chown 1 $MNT/l/sizes/s100
	refuses EROFS eistool xattr set $MNT/l/sizes/s100 user.x y
	expect "!EROFS at open" eistool open $MNT/l/sizes/s100 --write
	refuses "Read-only" truncate -s 1 $MNT/l/sizes/s100
	grep " $MNT/l " /proc/mounts | grep -q ' ro[, ]' || die "$(grep " $MNT/l " /proc/mounts)"
}
t "everything that writes is EROFS" read_only

proc_mounts()
{
	l=$(grep " $MNT/l " /proc/mounts)
	case $l in *" $MNT/l $FSTYPE "*) ;; *) die "/proc/mounts: $l" ;; esac
	ours || return 0
	case $l in "$IMG/trixie.label.erofs "*) ;; *) die "the source is not the image: $l" ;; esac
	findmnt -n -o FSTYPE $MNT/l | grep -qx "$FSTYPE" || die "findmnt: $(findmnt $MNT/l)"
}
t "/proc/mounts and findmnt name type and image" proc_mounts

kinds()
{
	expect "" find $MNT/l -name nothing-like-this
	[ "$(find $MNT/l -type p | wc -l)" = 4 ] || die "fifos: $(find $MNT/l -type p)"
	[ "$(find $MNT/l -type s | wc -l)" = 1 ] || die "sockets: $(find $MNT/l -type s)"
	expect "bottom" cat $MNT/l/types/level0/level1/level2/level3/level4/level5/level6/level7/level8/level9/level10/level11/level12/level13/level14/level15/level16/level17/level18/level19/bottom
	expect "!ELOOP at open" eistool open $MNT/l/symlinks/self
	expect "!ENOTDIR at open" eistool open $MNT/l/sizes/s100/x
	expect "!ENOENT at open" eistool open $MNT/l/sizes/not-there
	expect "!EISDIR at open" eistool open $MNT/l/sizes --write
	cmp $MNT/l/symlinks/good $MNT/l/sizes/s100
	dd if=$MNT/l/types/null of=/dev/null count=1 || die "a device node does not work"
}
t "find, symlinks, special files" kinds
nodev()
{
	mnt $IMG/trixie.label.erofs $MNT/nodev nodev,noexec,nosuid
	expect "!EACCES at open" eistool open $MNT/nodev/types/null
	unmnt $MNT/nodev
}
t "nodev" nodev

run_programs()
{
	mnt $IMG/sid.real.erofs $MNT/r
	[ -x $MNT/r/bin/bash ] || [ -x $MNT/r/usr/bin/bash ] || die "the real tree has no bash"
	mount --bind /proc $MNT/r/proc 2>/dev/null
	for i in 1 2; do
		if [ -e $MNT/r/lib64/ld-linux-x86-64.so.2 ]; then
			expect 42 chroot $MNT/r /bin/bash -c 'echo $((6 * 7))'
		else
			note "no dynamic loader in the tree"
			eistool readall $MNT/r/bin --mmap || return 1
		fi
		echo 3 >/proc/sys/vm/drop_caches
	done
	umount $MNT/r/proc 2>/dev/null
	unmnt $MNT/r
}
t "programs run from the mount" run_programs

two_mounts()
{
	mnt $IMG/trixie.label.erofs $MNT/l2
	eistool verify $MNT/l2 --ref $MNT/l --methods seq --every 20 || return 1
	unmnt $MNT/l2
	eistool verify $MNT/l --manifest $DATA/man/syn --methods seq --every 20
}
t "one image, mounted twice" two_mounts
busy()
{
	eistool hold $MNT/l/sizes/s100 </dev/zero >$T/hold 2>&1 &
	pid=$!
	while ! grep -q ready $T/hold; do sleep 0.1; done
	expect "!EBUSY" eistool umount $MNT/l
	kill $pid
	wait $pid
	unmnt $MNT/l
}
t "umount: busy, then not" busy
