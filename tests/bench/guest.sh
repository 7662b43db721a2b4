#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh plain|share|zip|cpus: runs in the VM; the image lies in a RAM disk.
# Prints "figure IMAGE DRIVER OPERATION NUMBER" on the verdict port as comments.
#
# plain, share, zip: one CPU counts instructions. Every figure is the smaller of two runs on fresh mounts (the first
# one also warms slabs). "open" and "warm" are warm; the others start with empty caches.
# cpus: wall time; the drivers take turns, and every turn is a figure.
set -euo pipefail

mnt=/mnt/bench
mkdir -p "$mnt"

load()			# IMAGE: into the RAM disk
{
	rmmod brd 2>/dev/null || true
	modprobe brd rd_nr=1 rd_size=$((($(stat -c %s "$1") >> 10) + 1024))
	dd if="$1" of=/dev/ram0 bs=1M status=none
}

mount_as()
{
	case $1 in
	in-tree)	mount -t erofs /dev/ram0 "$mnt" ;;
	in-tree-shared)	mount -t erofs -o inode_share,domain_id=bench /dev/ram0 "$mnt" ;;
	ours)		mount -t erofs-ishare /dev/ram0 "$mnt" ;;
	ours-shared)	mount -t erofs-ishare -o domain_id=bench /dev/ram0 "$mnt" ;;
	esac
}

once()			# DRIVER OPERATION [COUNT]
{
	mount_as "$1" 2>/dev/null || return 1
	sync
	echo 3 > /proc/sys/vm/drop_caches
	/bench "$2" "$mnt" ${3:+"$3"}
	umount "$mnt"
}

least()			# IMAGE DRIVER OPERATION [COUNT]
{
	local a b
	a=$(once "${@:2}") || { echo "# $1: $2 cannot mount this here"; return 1; }
	b=$(once "${@:2}")
	echo "# figure $1 $2 $3 $((a < b ? a : b))"
}

plain()
{
	load /images/plain
	for driver in in-tree in-tree-shared ours ours-shared; do
		for op in open walk read "random 4000"; do
			# shellcheck disable=SC2086
			least plain "$driver" $op || break
		done
	done
}

share()
{
	for image in /images/*; do
		load "$image"
		for driver in in-tree in-tree-shared ours ours-shared; do
			for op in open walk read warm; do
				least "${image##*/}" "$driver" "$op" || break
			done
		done
	done
}

zip()
{
	for image in /images/*; do
		load "$image"
		for driver in in-tree ours; do
			for op in read "random 500"; do
				# shellcheck disable=SC2086
				least "${image##*/}" "$driver" $op || break
			done
		done
	done
}

cpus()
{
	local image turn driver n
	for image in /images/zstd /images/lzma; do
		load "$image"
		for turn in warm-up 1 2 3 4 5 6 7; do
			for driver in in-tree ours; do
				n=$(once "$driver" read) || { echo "# ${image##*/}: $driver cannot mount this here"; break 2; }
				[ "$turn" = warm-up ] || echo "# figure ${image##*/} $driver turn$turn $n"
			done
		done
	done
}

modprobe erofs || echo "# this kernel has no in-tree driver"
"$1"
echo "ok 1 - figures taken"
