# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# extents: FIEMAP and SEEK_HOLE/SEEK_DATA, against content, image and in-tree driver.

physical()		# IMAGE: the bytes at the physical addresses are the file's
{
	mnt $IMG/$1.erofs $MNT/e || missing "$_out"
	eistool fiemap $MNT/e --image $IMG/$1.erofs --max 300k || return 1
	unmnt $MNT/e
}
for i in bookworm.plain bookworm.map4k trixie.b512 trixie.idx64k sid.48chunk; do
	t "$i: FIEMAP leads to the file's bytes" physical $i
done
at_offset()		# and where the image does not begin the file
{
	ours_only
	mnt $IMG/share-a-at-12288.bin $MNT/e fsoffset=12288
	eistool fiemap $MNT/e --image $IMG/share-a-at-12288.bin --max 300k || return 1
	unmnt $MNT/e
}
t "fsoffset: FIEMAP leads to the file's bytes" at_offset
holes()			# IMAGE AT-LEAST
{
	mnt $IMG/$1.erofs $MNT/e || missing "$_out"
	eistool holes $MNT/e --expect $2 || return 1
	unmnt $MNT/e
}
# 64k, 200k, 65540, 5000 bytes of nothing but holes, and more between data
t "holes of a block map" holes trixie.b1024map 600000
t "holes of chunk indexes" holes trixie.idx64k 400000
t "holes of 512-byte chunks" holes trixie.b512chunk 600000
t "holes of 48-bit chunk indexes" holes sid.48chunk 600000
t "holes of flat files" holes bookworm.plain 0
intree()		# IMAGE
{
	ours_only
	modprobe erofs 2>/dev/null
	mnt_as erofs $IMG/$1.erofs $MNT/in || missing "the in-tree driver cannot: $_out"
	mnt $IMG/$1.erofs $MNT/e
	( cd $MNT/in && eistool fiemap . --print --max 1M ) | sort >$T/a
	( cd $MNT/e && eistool fiemap . --print --max 1M ) | sort >$T/b
	unmnt $MNT/in $MNT/e
	[ "$(grep -c ' at \| inline ' $T/a)" -gt 100 ] || { head -5 $T/a; die "the in-tree driver lists no extents"; }
	cmp -s $T/a $T/b && return 0
	diff -U0 $T/a $T/b | grep '^[-+][^-+]' | head -n 10
	return 1
}
for i in trixie.plain trixie.b512 trixie.idx64k bookworm.map4k; do
	t "$i: FIEMAP as in-tree" intree $i
done
