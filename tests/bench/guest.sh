#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh: runs in the VM; the image lies in a RAM disk, one CPU counts instructions.
# Prints "figure DRIVER OPERATION NUMBER" on the verdict port as a comment.
#
# Rules: every figure is the smaller of two runs on fresh mounts (the first one also warms slabs).
# "open" is warm; the others start with empty caches.
set -euo pipefail

mnt=/mnt/bench
mkdir -p "$mnt"
modprobe brd rd_nr=1 rd_size=$(( ($(stat -c %s /bench.img) >> 10) + 1024 ))
dd if=/bench.img of=/dev/ram0 bs=1M status=none
rm /bench.img

mount_as()
{
	case $1 in
	in-tree)	mount -t erofs /dev/ram0 "$mnt" ;;
	in-tree-shared)	mount -t erofs -o inode_share,domain_id=bench /dev/ram0 "$mnt" ;;
	ours)		mount -t erofs-ishare /dev/ram0 "$mnt" ;;
	ours-shared)	mount -t erofs-ishare -o domain_id=bench /dev/ram0 "$mnt" ;;
	esac
}

once()
{
	mount_as "$1" 2>/dev/null || return 1
	sync
	echo 3 > /proc/sys/vm/drop_caches
	/bench "$2" "$mnt"
	umount "$mnt"
}

modprobe erofs || echo "# this kernel has no in-tree driver"
for driver in in-tree in-tree-shared ours ours-shared; do
	for op in open walk read random; do
		a=$(once "$driver" "$op") || { echo "# $driver: cannot mount here"; break; }
		b=$(once "$driver" "$op")
		echo "# figure $driver $op $(( a < b ? a : b ))"
	done
done
echo "ok 1 - figures taken"
