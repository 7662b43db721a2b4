# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# sharing: who shares, who does not, proved by page frame numbers; and what must stay true of files
# that share.

if ! ours; then
	echo "ok - sharing # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref
mnt $IMG/share-a.erofs $MNT/a domain_id=d1 || die "mount"
mnt $IMG/share-b.erofs $MNT/b domain_id=d1 || die "mount"
mnt $IMG/share-chunk.erofs $MNT/c domain_id=d1 || die "mount"

common()		# DIR DIR: every file of common/ is one in both
{
	for f in $1/common/*; do
		[ -s "$f" ] || continue
		pages_equal "$f" "$2/common/${f##*/}" || die "not shared: $f"
	done
}
t "same domain: 4 KiB and 512-byte blocks" common $MNT/a $MNT/b
t "same domain: flat and chunks" common $MNT/b $MNT/c
bytes()
{
	# whoever comes first fills: each image in turn, and pieces of the large file by all of them
	eistool verify $MNT/a --ref $R/share-a --max 200k || return 1
	eistool verify $MNT/b --ref $R/share-b --max 200k || return 1
	eistool verify $MNT/c --ref $R/share-b --max 200k --warm || return 1
	for d in c b a; do
		r=$([ $d = a ] && echo a || echo b)
		echo 3 >/proc/sys/vm/drop_caches
		eistool verify $MNT/$d --ref $R/share-$r --methods rand,direct,mmapback --warm || return 1
	done
}
t "the bytes are each image's own, by every method" bytes
different()
{
	for i in 0 1 2; do
		pages_differ $MNT/a/own/f$i $MNT/b/own/f$i || return 1
	done
	pages_differ $MNT/a/same-size/f $MNT/b/same-size/f
}
t "other content, same name and size: nothing shared" different
by_read()
{
	echo 3 >/proc/sys/vm/drop_caches
	cat $MNT/a/common/big >/dev/null
	r=$(eistool resident $MNT/b/common/big)
	case $r in *pages=769\ mincore=769\ *) ;; *) die "read through a, b has: $r" ;; esac
	eistool open $MNT/c/common/big --read 0 1000000 || return 1
	pages_equal $MNT/a/common/big $MNT/c/common/big
}
t "read through one mount fills the others" by_read
one_fill()
{
	# The second reader must not go to its disk: that disk is dead.
	loop $IMG/share-b.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create fill $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/f
	_o=$(eistool mount -o ro,domain_id=d1 $FSTYPE $dm $MNT/f) || die "mount: $_o"
	ls -lR $MNT/f >/dev/null
	eistool open $MNT/f/common/big >/dev/null
	cat $MNT/a/common/* >/dev/null
	eistool dm reload fill $n error || return 1
	cmp $MNT/f/common/big $R/share-a/common/big || return 1
	pages_equal $MNT/f/common/big $MNT/a/common/big || return 1
	eistool dm reload fill $n linear "$dev 0"
	eistool umount $MNT/f && eistool dm remove fill && loops_free
}
t "one fill for all readers" one_fill
other_domain()
{
	mnt $IMG/share-a.erofs $MNT/d domain_id=d2
	pages_differ $MNT/a/common/big $MNT/d/common/big || return 1
	# names that differ only in length or in their tail
	mnt $IMG/share-a.erofs $MNT/d3 domain_id=d
	mnt $IMG/share-a.erofs $MNT/d4 domain_id=d11
	pages_differ $MNT/a/common/big $MNT/d3/common/big || return 1
	pages_differ $MNT/a/common/big $MNT/d4/common/big || return 1
	unmnt $MNT/d $MNT/d3 $MNT/d4
}
t "other domains: nothing shared" other_domain
no_domain()
{
	mnt $IMG/share-a.erofs $MNT/n1
	mnt $IMG/share-a.erofs $MNT/n2
	mnt $IMG/share-a.erofs $MNT/n3 domain_id=d1,noinode_share
	pages_differ $MNT/n1/common/big $MNT/n2/common/big || return 1
	pages_differ $MNT/a/common/big $MNT/n1/common/big || return 1
	pages_differ $MNT/a/common/big $MNT/n3/common/big || return 1
	unmnt $MNT/n1 $MNT/n2 $MNT/n3
}
t "without domain, and noinode_share: nothing shared" no_domain
no_digest()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=d1
	pages_differ $MNT/a/common/big $MNT/n/common/big || return 1
	eistool verify $MNT/n --ref $R/share-a --methods seq,mmap || return 1
	unmnt $MNT/n
}
t "an image without digests: private, and fine" no_digest
hidden_digest()
{
	mnt $IMG/share-v1.erofs $MNT/n domain_id=d1
	common $MNT/a $MNT/n || return 1
	unmnt $MNT/n
}
t "the digest under its other, hidden name" hidden_digest
with_option()
{
	mnt $IMG/share-b.erofs $MNT/n inode_share,domain_id=d1
	pages_equal $MNT/a/common/big $MNT/n/common/big || return 1
	unmnt $MNT/n
}
t "inode_share,domain_id= is the same as domain_id=" with_option

crafted()		# NAME PATCH-FUNCTION: an image changed by one byte must not share
{
	cp $IMG/share-a.erofs $T/crafted
	eval "$(eistool img $T/crafted /common/f6)"
	$1
	mnt $T/crafted $MNT/x domain_id=d1
	eistool pfn $MNT/a/common/f6 >/dev/null
	pages_differ $MNT/a/common/f6 $MNT/x/common/f6 || return 1
	# the files beside it still share
	pages_equal $MNT/a/common/big $MNT/x/common/big || return 1
	unmnt $MNT/x
	rm $T/crafted
}
size_patch()
{
	[ "$isize" = 64 ] && [ "$size" = 65536 ] || die "not the inode expected: isize $isize size $size"
	# 65535: as many pages
	eistool poke $T/crafted $((inode + 8)) ffff00
}
digest_patch()
{
	sum=$(sha256sum $R/share-a/common/f6 | cut -d' ' -f1)
	at=$(eistool find $T/crafted $sum) || die "the digest is not in the image"
	[ "$(echo "$at" | wc -l)" = 1 ] || die "the digest is in several places: $at"
	eistool poke $T/crafted $((at + 31)) $(printf %02x $((0x$(eistool peek $T/crafted $((at + 31)) 1) ^ 1)))
}
t "other size, same digest: nothing shared" crafted size_patch
t "other digest, same content: nothing shared" crafted digest_patch

overlays()
{
	for i in a b; do
		mkdir -p $T/ovl/up$i $T/ovl/work$i $MNT/o$i
		mount -t overlay -o lowerdir=$MNT/$i,upperdir=$T/ovl/up$i,workdir=$T/ovl/work$i overlay $MNT/o$i ||
			missing "overlayfs over this tmpfs"
	done
	common $MNT/oa $MNT/ob || return 1
	pages_equal $MNT/oa/common/big $MNT/a/common/big || return 1
	eistool verify $MNT/ob --ref $R/share-b --methods seq,mmap,direct || return 1
	echo more >>$MNT/oa/common/f1 || die "copy-up failed"
	cmp $MNT/ob/common/f1 $R/share-b/common/f1 || return 1
	umount $MNT/oa $MNT/ob
}
t "through overlayfs" overlays
block_and_file()
{
	mkdir -p $MNT/v
	expect ok eistool mount -o ro,domain_id=d1 $FSTYPE /dev/vdb $MNT/v
	common $MNT/v $MNT/b || return 1
	loop $IMG/share-a-at-12288.bin
	mkdir -p $MNT/w
	expect ok eistool mount -o ro,domain_id=d1,fsoffset=12288 $FSTYPE $dev $MNT/w
	common $MNT/v $MNT/w || return 1
	unmnt $MNT/v $MNT/w
}
t "a disk, a loop device and a file" block_and_file
direct()
{
	pages_equal $MNT/a/common/big $MNT/b/common/big >/dev/null
	for d in a b c; do
		eistool verify $MNT/$d --ref $R/share-$([ $d = a ] && echo a || echo b) --methods direct || return 1
	done
}
t "O_DIRECT works on shared files" direct
statistics()
{
	cat $MNT/a/common/prog $MNT/b/common/prog >/dev/null
	r=$(eistool resident $MNT/b/common/prog)
	case $r in
	*pages=13\ mincore=13\ cachestat=13|*pages=13\ mincore=13\ cachestat=-) echo "$r" ;;
	*) die "mincore, cachestat: $r" ;;
	esac
	# mapping it does not hide the user's path and inode
	eistool hold $MNT/b/common/prog --mmap </dev/zero >$T/hold 2>&1 &
	pid=$!
	while ! grep -q ready $T/hold; do sleep 0.1; done
	m=$(grep common/prog /proc/$pid/maps)
	kill $pid
	want=$(stat -c %i $MNT/b/common/prog)
	case $m in *" $want "*"$MNT/b/common/prog") ;; *) die "maps: '$m', inode should be $want" ;; esac
}
t "mincore, cachestat, /proc/PID/maps" statistics
fincore_sees()
{
	cat $MNT/a/common/f6 >/dev/null
	r=$(fincore -n -b -o PAGES $MNT/b/common/f6 | tr -d ' ')
	[ "$r" = 16 ] || die "fincore: '$r' pages, should be 16"
}
t "fincore" fincore_sees
unique()
{
	a=$(eistool unique $MNT/a) b=$(eistool unique $MNT/b) u=$(eistool unique $MNT/a $MNT/b $MNT/c)
	common_pages=$(for f in $R/share-a/common/*; do stat -c %s $f; done | awk '{n += int(($1 + 4095) / 4096)} END {print n}')
	pa=$(echo "$a" | sed 's/.*pages=\([0-9]*\).*/\1/') pb=$(echo "$b" | sed 's/.*pages=\([0-9]*\).*/\1/')
	got=$(echo "$u" | sed 's/.*unique=\([0-9]*\).*/\1/')
	# b and c are one tree: its own files share too
	want=$((pa + pb - common_pages))
	note "frames: $got, least possible $want"
	[ "$got" -le $want ] || die "$got frames for a, b and c, should be $want ($a; $b; $u)"
	[ "$got" -ge $((want * 9 / 10)) ] || die "fewer frames than content: $u"
}
t "three trees take the frames of their unique content" unique
failing_member()
{
	# a healthy mount beside one on a failing disk: no error in the healthy one, and what it has
	# read serves the other
	loop $IMG/share-b.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create sick $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/s
	_o=$(eistool mount -o ro,domain_id=sick $FSTYPE $dm $MNT/s) || die "mount: $_o"
	mnt_as $FSTYPE $IMG/share-a.erofs $MNT/h domain_id=sick
	ls -lR $MNT/s $MNT/h >/dev/null
	for f in $MNT/s/common/*; do eistool open $f >/dev/null; done
	# the directory itself cannot be listed from a dead disk
	names=$(ls $MNT/s/common)
	echo 1 >/proc/sys/vm/drop_caches
	eistool dm reload sick $n error || return 1
	bad=0
	for f in $names; do
		cat $MNT/s/common/$f >/dev/null 2>&1 || bad=$((bad + 1))
	done
	[ $bad -ge 5 ] || die "only $bad files fail on the dead disk: this proves nothing"
	eistool verify $MNT/h --ref $R/share-a --methods seq,mmap,rand --warm || return 1
	eistool readall $MNT/h >/dev/null
	bad=0
	for f in $names; do
		cmp $MNT/s/common/$f $R/share-b/common/$f || bad=$((bad + 1))
	done
	[ $bad = 0 ] || die "$bad files fail although their pages are there"
	eistool dm reload sick $n linear "$dev 0"
	unmnt $MNT/h 2>/dev/null
	eistool umount $MNT/s && eistool dm remove sick && loops_free
}
t "a healthy mount beside a failing disk" failing_member
after_drop()
{
	for i in 1 2 3; do
		echo $i >/proc/sys/vm/drop_caches
		common $MNT/a $MNT/c || return 1
	done
}
t "after drop_caches they share again" after_drop
drop_under_load()
{
	for d in a b c; do
		( for i in 1 2 3; do eistool readall $MNT/$d; eistool readall $MNT/$d --mmap; done ) >$T/load.$d 2>&1 &
	done
	for i in 1 2 3 4 5 6 7 8; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.2; done
	wait
	grep FAIL $T/load.* && return 1
	common $MNT/a $MNT/b
}
t "drop_caches under load" drop_under_load
unmnt $MNT/a $MNT/b $MNT/c

orders()
{
	for first in a b; do
		mnt $IMG/share-a.erofs $MNT/a domain_id=o
		mnt $IMG/share-b.erofs $MNT/b domain_id=o
		common $MNT/a $MNT/b || return 1
		other=$([ $first = a ] && echo b || echo a)
		unmnt $MNT/$first
		eistool verify $MNT/$other --ref $R/share-$other --methods seq,mmap --warm || return 1
		eistool verify $MNT/$other --ref $R/share-$other --methods seq,mmap || return 1
		unmnt $MNT/$other
	done
}
t "unmounting in either order" orders
many()
{
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		mnt $IMG/share-a.erofs $MNT/m$i domain_id=many
		eistool open $MNT/m$i/common/big --read 0 100000 >/dev/null
	done
	pages_equal $MNT/m1/common/big $MNT/m12/common/big || return 1
	u=$(eistool unique $MNT/m1 $MNT/m2 $MNT/m3 $MNT/m4 $MNT/m5 $MNT/m6)
	p=$(eistool unique $MNT/m1)
	[ "${u##*unique=}" = "${p##*unique=}" ] || die "six mounts: $u, one: $p"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do unmnt $MNT/m$i; done
}
t "twelve mounts of one image" many
cached_kb() { awk '/^Cached:/ {print $2}' /proc/meminfo; }
leave()
{
	echo 3 >/proc/sys/vm/drop_caches
	mnt $IMG/share-a.erofs $MNT/a domain_id=l
	mnt $IMG/share-b.erofs $MNT/b domain_id=l
	ls -lR $MNT/a $MNT/b >/dev/null
	c0=$(cached_kb)
	eistool readall $MNT/a >/dev/null
	c1=$(cached_kb)
	eistool readall $MNT/b >/dev/null
	c2=$(cached_kb)
	unmnt $MNT/a
	c3=$(cached_kb)
	unmnt $MNT/b
	c4=$(cached_kb)
	note "Cached kB: $c0, a read $c1, b read $c2, a gone $c3, b gone $c4"
	[ $((c1 - c0)) -ge 3400 ] || die "reading a fills only $((c1 - c0)) kB"
	[ $((c2 - c1)) -le 600 ] || die "reading b after a fills $((c2 - c1)) kB more"
	[ $((c2 - c3)) -le 600 ] || die "the shared pages left with the first mount ($((c2 - c3)) kB)"
	[ $((c4 - c0)) -le 400 ] || die "$((c4 - c0)) kB are still cached after the last unmount"
}
t "pages leave with the last mount" leave
