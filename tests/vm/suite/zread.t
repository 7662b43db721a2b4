# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# zread: every way to read a compressed file, under every cache strategy and several read-ahead sizes, and
# what a file tells of its extents.

zip_disk
MAN=$DATA/man/zip
# The in-tree driver refuses direct reads of compressed files; ours reads them through the cache.
SKIP=$(ours || echo "--skip direct")

methods()		# IMAGE [OPTIONS [VERIFY-OPTIONS]]
{
	mnt $IMG/$1.erofs $MNT/z "$2" || return 1
	set -- "$1" "$2" ${3:---every 8}
	shift 2
	eistool verify $MNT/z --manifest $MAN "$@" $SKIP || return 1
	unmnt $MNT/z
}
t "LZ4, 4 KiB clusters: every method" methods sid.lz4-none-C4096-b512
t "Zstandard, 64 KiB clusters, inline tails: every method" methods sid.zstd-tail-C65536-b512
t "MicroLZMA, 1 MiB clusters: every method" methods sid.lzma-tail-C1048576-b4096 "" "--every 11"
t "DEFLATE, fragments: every method" methods sid.deflate-frag-C16384-b4096
t "LZ4, whole files in fragments: every method" methods sid.lz4-allfrag-C1048576-b4096
t "DEFLATE, deduplicated: every method" methods sid.libdeflate-dedupe-C4096-b1024
t "LZ4HC, byte-granular extents: every method" methods sid.48-tail
t "Zstandard, compressed metadata: every method" methods sid.zstd-metabox-C16384-b1024 "" "--every 11"
t "LZ4 of mkfs.erofs 1.5: every method" methods bookworm.hc64k

for s in disabled readahead readaround; do
	for i in sid.lz4-none-C4096-b512 sid.zstd-dedupe-C16384-b512 sid.deflate-allfrag-C65536-b512; do
		t "cache_strategy=$s: $i" methods $i cache_strategy=$s "--every 11 --methods rand,pages,edge,seq,mmaprand"
	done
done

# The disk's own read-ahead size, in KiB. (That of an image file's mount has no name one could find.)
window()		# IMAGE KIB
{
	mnt_disk $IMG/$1.erofs $MNT/z || return 1
	bdi=/sys/class/bdi/$(findmnt -no MAJ:MIN $MNT/z | tr -d ' ')
	[ -d "$bdi" ] || die "no $bdi"
	old=$(cat $bdi/read_ahead_kb)
	echo $2 >$bdi/read_ahead_kb || die "read_ahead_kb cannot be set"
	eistool verify $MNT/z --manifest $MAN --every 11 --methods chunks,mmap,mmaprand,pages,readahead || return 1
	[ "$2" != 0 ] || eistool readall $MNT/z --mmap || return 1
	echo $old >$bdi/read_ahead_kb
	unmnt $MNT/z
}
for kb in 0 4 128 4096; do
	t "read-ahead of $kb KiB: LZ4, 4 KiB" window sid.lz4-frag-C65536-b2048 $kb
	t "read-ahead of $kb KiB: Zstandard, 64 KiB" window sid.share-zstd $kb
done

# 13 MiB of zeros, clusters of 1 MiB, 5 MiB of repetition
large()
{
	mnt $IMG/$1.erofs $MNT/z || return 1
	eistool verify $MNT/z --manifest $DATA/man/zbig --methods $2 $SKIP || return 1
	unmnt $MNT/z
}
t "large files: LZ4" large sid.big-lz4 chunks,pages
t "large files: MicroLZMA" large sid.big-lzma rand,sendfile
t "large files: Zstandard" large sid.big-zstd rand,direct
t "large files: DEFLATE" large sid.big-deflate edge,splice,pages

extents()
{
	for i in sid.lz4-none-C4096-b512 sid.zstd-mix-C65536-b1024 sid.48-dedupe sid.lz4-allfrag-C1048576-b4096; do
		mnt $IMG/$i.erofs $MNT/z || return 1
		eistool fiemap $MNT/z || return 1
		unmnt $MNT/z
	done
}
t "FIEMAP covers all data" extents
holes()
{
	for i in sid.lz4-none-C4096-b512 sid.zstd-mix-C65536-b1024 sid.big-zstd; do
		mnt $IMG/$i.erofs $MNT/z || return 1
		eistool holes $MNT/z || return 1
		unmnt $MNT/z
	done
}
t "SEEK_HOLE and SEEK_DATA lead to zeros and data" holes

concurrent()
{
	mnt $IMG/sid.legacy-all.erofs $MNT/z || return 1
	for i in 1 2 3 4; do
		case $i in 1) m=--mmap ;; 2) m= ;; 3) m=$(ours && echo --direct) ;; *) m=--willneed ;; esac
		eistool readall $MNT/z $m >$T/c$i 2>&1 &
	done
	for i in 1 2 3 4 5; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.1; done
	wait
	grep FAIL $T/c[1-4] && return 1
	eistool verify $MNT/z --manifest $MAN --methods seq
	unmnt $MNT/z
}
t "four readers, each by its method, with drop_caches" concurrent
loop_on_file()
{
	# a loop device reads with its own thread and no user's file
	mnt $IMG/sid.big-zstd.erofs $MNT/z || return 1
	loop $MNT/z/mixed-3m
	want=$(head -c $((3 << 20)) $MNT/z/mixed-3m | sha256sum)
	echo 3 >/proc/sys/vm/drop_caches
	got=$(head -c $((3 << 20)) $dev | sha256sum)
	eistool loop -d $dev
	loops=${loops% $dev}
	[ "$got" = "$want" ] || die "the loop device has other bytes"
	unmnt $MNT/z
}
t "a loop device on a compressed file" loop_on_file
