# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# zshare: one tree stored in seven ways shares its pages, whoever reads first, on block devices and image
# files; a failing disk harms its own mount only; other domains share nothing. Proved by page frame numbers.

if ! ours; then
	echo "ok - zshare # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
zip_disk
MAN=$DATA/man/zip
ALL="plain lz4 lz4-64k zstd lzma deflate frag"

mount_all()		# DOMAIN: files and block devices in turn
{
	n=0
	for i in $ALL; do
		n=$((n + 1))
		if [ $((n % 2)) = 1 ]; then
			mnt $IMG/sid.share-$i.erofs $MNT/$i domain_id=$1 || die "mount"
		else
			mnt_disk $IMG/sid.share-$i.erofs $MNT/$i domain_id=$1 || die "mount"
		fi
	done
}
unmount_all() { for i in $ALL; do eistool umount $MNT/$i || die "umount $i failed"; done; loops_free; }
mount_all z

frames()
{
	set --
	for i in $ALL; do set -- "$@" $MNT/$i; done
	one=$(eistool unique $MNT/plain) all=$(eistool unique "$@")
	note "plain: $one; all seven: $all"
	case $one in *absent=0) ;; *) die "$one" ;; esac
	one=${one##*unique=} all=${all##*unique=}
	[ "$one" = "$all" ] || die "frames of one tree: $one; of the same tree seven times: $all"
}
t "seven ways to store a tree take the frames of one" frames
pairs()
{
	for f in sizes/text131073 sizes/noise65537 sizes/zero300000 mixed/large-runs again/twice small/t030 tails/t9 repeat/far; do
		for i in $ALL; do
			[ $i = plain ] || pages_equal $MNT/plain/$f $MNT/$i/$f || die "plain and $i: $f is not shared"
		done
	done
}
t "file by file" pairs
first()			# MOUNT: it fills the cache, the others find its pages
{
	echo 3 >/proc/sys/vm/drop_caches
	eistool verify $MNT/$1 --manifest $MAN --every 4 --methods ${2:-seq} --warm || return 1
	for i in $ALL; do
		[ $i = $1 ] || eistool verify $MNT/$i --manifest $MAN --every 4 --methods ${2:-seq} --warm || return 1
	done
}
for i in $ALL; do
	t "read first by $i, then by all" first $i
done
t "scattered pages read first by lzma" first lzma pages
t "scattered pages read first by frag" first frag mmaprand
pieces()
{
	# one file, each page filled by another mount
	for f in mixed/large-runs again/twice sizes/text131073; do
		echo 3 >/proc/sys/vm/drop_caches
		size=$(stat -c %s $MNT/plain/$f)
		off=0
		while [ $off -lt $size ]; do
			for i in $ALL; do
				eistool open $MNT/$i/$f --read $off 4096 >/dev/null || return 1
				off=$((off + 4096))
				[ $off -lt $size ] || break
			done
		done
		want=$(awk -v f="/$f" '$1 == f {sub(/.*sha256=/, ""); print substr($0, 1, 64)}' $MAN)
		for i in $ALL; do
			got=$(sha256sum <$MNT/$i/$f | cut -d' ' -f1)
			[ "$got" = "$want" ] || die "$i: $f has sha256 $got, should be $want"
		done
	done
}
t "one file, each page by another mount" pieces
direct()
{
	for i in $ALL; do
		eistool verify $MNT/$i --manifest $MAN --every 9 --methods direct,rand || return 1
	done
}
t "direct reads of shared files" direct
load()
{
	for i in $ALL; do
		( for k in 1 2; do eistool readall $MNT/$i; eistool readall $MNT/$i --mmap; done ) >$T/load.$i 2>&1 &
	done
	for k in 1 2 3 4 5 6 7 8; do echo 3 >/proc/sys/vm/drop_caches; sleep 0.3; done
	wait
	grep FAIL $T/load.* && return 1
	frames
}
t "drop_caches under load" load
other_domain()
{
	mnt $IMG/sid.share-zstd.erofs $MNT/d domain_id=other || return 1
	mnt $IMG/sid.share-lz4.erofs $MNT/n || return 1
	for f in mixed/large-runs sizes/text65537; do
		pages_differ $MNT/zstd/$f $MNT/d/$f || return 1
		pages_differ $MNT/lz4/$f $MNT/n/$f || return 1
		pages_differ $MNT/d/$f $MNT/n/$f || return 1
	done
	unmnt $MNT/d $MNT/n
}
t "another domain, and none: nothing shared" other_domain
unmount_all

failing()		# IMAGE: on a dying disk, beside a healthy mount
{
	loop $IMG/sid.share-$1.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create sick $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/s
	_o=$(eistool mount -o ro,domain_id=sick $FSTYPE $dm $MNT/s) || die "mount: $_o"
	mnt $IMG/sid.share-$2.erofs $MNT/h domain_id=sick || return 1
	ls -lR $MNT/s $MNT/h >/dev/null
	files="mixed/large-runs again/twice sizes/text131073 sizes/noise65537 repeat/far"
	for f in $files; do eistool open $MNT/s/$f >/dev/null; done
	echo 1 >/proc/sys/vm/drop_caches
	eistool dm reload sick $n error || return 1
	bad=0
	for f in $files; do
		cat $MNT/s/$f >/dev/null 2>&1 || bad=$((bad + 1))
	done
	[ $bad = 5 ] || die "only $bad of 5 files fail on the dead disk: this proves nothing"
	eistool verify $MNT/h --manifest $MAN --every 3 --methods seq,mmap --warm || return 1
	eistool readall $MNT/h >/dev/null
	for f in $files; do
		cmp $MNT/s/$f $MNT/h/$f || die "$f fails although its pages are there"
	done
	eistool dm reload sick $n linear "$dev 0"
	unmnt $MNT/h 2>/dev/null
	eistool umount $MNT/s && eistool dm remove sick && loops_free
}
t "a failing disk: LZ4 beside Zstandard" failing lz4 zstd
t "a failing disk: MicroLZMA beside plain" failing lzma plain
t "a failing disk: plain beside fragments" failing plain frag
orders()
{
	for first in plain lz4 lzma; do
		mount_all o
		frames || return 1
		eistool umount $MNT/$first || return 1
		for i in $ALL; do
			[ $i = $first ] || eistool verify $MNT/$i --manifest $MAN --every 30 --methods seq || return 1
		done
		for i in $ALL; do [ $i = $first ] || eistool umount $MNT/$i || return 1; done
		loops_free
	done
}
t "unmounting in several orders" orders
t "the module unloads after all that" unload_module
