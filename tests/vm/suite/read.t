# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# read: files beyond 4 GiB, direct I/O, concurrent readers, 512-byte blocks below pages.

mnt $IMG/trixie.huge.erofs $MNT/h || die "cannot mount the image of huge files"
big=$MNT/h/five-g
g=$((1 << 30))
at()			# FILE OFFSET LENGTH: the bytes, as text
{
	dd if="$1" bs=1 skip="$2" count="$3" 2>/dev/null
}
sizes()
{
	expect "$((5 * g + 5))" stat -c %s $big
	expect "$((6 * g))" stat -c %s $MNT/h/hole-g
}
t "sizes beyond 32 bits" sizes
points()
{
	expect start at $big 0 5
	expect across at $big $((4 * g - 3)) 6
	expect 'end!' at $big $((5 * g)) 100
	expect "ok 0 bytes sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" \
		eistool open $big --read $((5 * g + 5)) 4096
	zero=$(head -c 8192 /dev/zero | sha256sum | cut -d' ' -f1)
	for o in 8192 $((3 * g + 12345)) $((4 * g + 4096)); do
		expect "ok 8192 bytes sha256 $zero" eistool open $big --read $o 8192
	done
	expect "ok 8192 bytes sha256 $zero" eistool open $MNT/h/hole-g --read $((5 * g)) 8192
}
t "bytes beyond 32 bits" points
points_direct()
{
	zero=$(head -c 8192 /dev/zero | sha256sum | cut -d' ' -f1)
	expect "ok 8192 bytes sha256 $zero" eistool open $big --direct --read $((3 * g)) 8192
	want=$({ printf 'end!\n'; } | sha256sum | cut -d' ' -f1)
	expect "ok 5 bytes sha256 $want" eistool open $big --direct --read $((5 * g)) 4096
}
t "direct reads beyond 32 bits" points_direct
holes_huge()
{
	eistool holes $MNT/h/hole-g --max 8000M --print >$T/h1 || { cat $T/h1; return 1; }
	cat $T/h1
	grep -q 'hole 0' $T/h1
}
ours && t "a hole of 6 GiB is one hole" holes_huge
unmnt $MNT/h

mnt $IMG/share-a.erofs $MNT/a
# 4 KiB blocks, then 512-byte blocks, then chunks: large files by every access method
everything()		# IMAGE REF
{
	mnt $IMG/$1.erofs $MNT/e
	eistool verify $MNT/e --ref $DATA/ref/$2 --max 200k || return 1
	eistool verify $MNT/e --ref $DATA/ref/$2 --methods rand,mmapback,edge,direct,splice,readahead || return 1
	unmnt $MNT/e
}
t "4 KiB blocks, every method" everything share-a share-a
t "512-byte blocks, every method" everything share-b share-b
t "chunks of 4 KiB, every method" everything share-chunk share-b

dio_alignment()
{
	x=$(eistool statx $MNT/a/common/big)
	case $x in
	*dio_mem_align=0*) die "no direct I/O: $x" ;;
	*dio_mem_align=*) echo "$x" ;;
	*) [ "$(eistool statx $DATA/man/syn | grep -c dio_)" = 0 ] || die "ext4 has STATX_DIOALIGN here, the mount not: $x"
	   missing "STATX_DIOALIGN on this kernel" ;;
	esac
}
ours && t "statx tells the alignment of direct I/O" dio_alignment
# What the image's filesystem refuses comes through the cache, whole.
shapes()
{
	for i in share-a share-b share-chunk; do
		mnt $IMG/$i.erofs $MNT/d
		expect ok eistool direct-shapes $MNT/d/common/big
		unmnt $MNT/d
	done
}
ours && t "direct reads of image files into memory of every alignment" shapes

concurrent()
{
	for i in 1 2 3 4; do
		case $i in 1) m=--mmap ;; 2) m= ;; 3) m=--direct ;; *) m=--willneed ;; esac
		eistool readall $MNT/a $m >$T/c$i 2>&1 &
	done
	for i in 1 2 3 4 5; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.1; done
	wait
	grep FAIL $T/c[1-4] && return 1
	eistool verify $MNT/a --ref $DATA/ref/share-a --methods seq
}
t "four readers, each by its method, with drop_caches" concurrent
one_byte()
{
	mkdir -p $MNT/o
	mnt $IMG/bad.erofs $MNT/o
	eistool readall $MNT/o --onebyte || return 1
	unmnt $MNT/o
}
t "byte by byte" one_byte
loop_on_file()
{
	# an image in the image's file: loop devices look at mapping->host
	loop $MNT/a/common/big
	cmp $dev $DATA/ref/share-a/common/big 2>&1 | grep -v EOF | grep . && return 1
	[ "$(blockdev --getsz $dev)" -gt 6000 ] || die "the loop device has $(blockdev --getsz $dev) sectors"
	loops_free
}
t "a loop device on a file of the mount" loop_on_file
large_folios()
{
	grep -q . /sys/kernel/mm/transparent_hugepage/enabled || missing "huge pages"
	echo 3 >/proc/sys/vm/drop_caches
	eistool readall $MNT/a --willneed
	eistool verify $MNT/a --ref $DATA/ref/share-a --methods mmap,edge,rand --warm
}
t "after read-ahead of everything" large_folios
unmnt $MNT/a
