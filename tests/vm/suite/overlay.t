# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# overlay: overlayfs on mounts that share: several images below, redirects, metacopy, data-only layers,
# idmapped layers. What is read through it is the very page of the mount below. (Copy-up and plain
# two-layer stacks: sharing.t.)

if ! ours; then
	echo "ok - overlay # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
grep -q overlay /proc/filesystems || { echo "ok - overlay # SKIP no overlayfs on this kernel"; return 0; }
R=$DATA/ref
mnt $IMG/api-a.erofs $MNT/a domain_id=ov || die "mount"
mnt $IMG/api-b.erofs $MNT/b domain_id=ov || die "mount"

stack()			# NAME OPTIONS: with an upper layer of its own, at $MNT/NAME
{
	mkdir -p $T/$1/up $T/$1/work $MNT/$1
	mount -t overlay -o "$2,upperdir=$T/$1/up,workdir=$T/$1/work" overlay $MNT/$1
}
unstack()
{
	for _s in "$@"; do
		umount $MNT/$_s || return
		rm -rf ${T:?}/$_s
	done
}
several()
{
	stack ab lowerdir=$MNT/a:$MNT/b || return
	stack ba lowerdir=$MNT/b:$MNT/a || return
	for s in ab ba; do
		cmp $MNT/$s/only-a/f $R/api-a/only-a/f && cmp $MNT/$s/only-b/f $R/api-b/only-b/f || return
		pages_equal $MNT/$s/data $MNT/a/data || return
	done
	pages_equal $MNT/ab/prog $MNT/ba/prog || return
	# the topmost image decides where they differ
	cmp $MNT/ab/other $R/api-a/other && cmp $MNT/ba/other $R/api-b/other || return
	eistool verify $MNT/ba/dir --ref $R/api-b/dir || return
	$MNT/ab/prog selftest || return
	unstack ab ba
}
t "lower layers from several images" several
redirected()
{
	stack r lowerdir=$MNT/a,redirect_dir=on || missing "redirect_dir"
	mv $MNT/r/dir $MNT/r/moved || return
	[ -z "$(find $T/r/up -type f -size +0)" ] || die "renaming a directory copied files"
	pages_equal $MNT/r/moved/f0 $MNT/b/dir/f0 || return
	eistool verify $MNT/r/moved --ref $R/api-a/dir --methods seq,mmap,direct || return
	unstack r
	cmp $MNT/a/dir/f0 $R/api-a/dir/f0
}
t "a renamed directory (redirect)" redirected
metacopy()
{
	stack m lowerdir=$MNT/a,metacopy=on || missing "metacopy"
	chmod 600 $MNT/m/data || return
	[ "$(stat -c %b $T/m/up/data)" -lt 100 ] || die "chmod copied the data"
	pages_equal $MNT/m/data $MNT/b/data || return
	expect 600 stat -c %a $MNT/m/data
	# a write copies it, and nobody below sees it
	echo changed | dd of=$MNT/m/data conv=notrunc 2>/dev/null || return
	cmp $MNT/a/data $R/api-a/data && cmp $MNT/b/data $R/api-b/data || return
	[ "$(head -c 7 $MNT/m/data)" = changed ] || die "the write is lost"
	pages_differ $MNT/m/data $MNT/b/data || return
	unstack m
}
t "metadata copied up, data below (metacopy)" metacopy
data_only()
{
	# a metadata layer, as composefs makes them: attributes here, bytes in a layer below
	mkdir -p $T/meta $MNT/d
	truncate -s $(stat -c %s $R/api-a/data) $T/meta/renamed
	setfattr -n trusted.overlay.metacopy -v "" $T/meta/renamed || missing "trusted xattrs on tmpfs"
	setfattr -n trusted.overlay.redirect -v /data $T/meta/renamed
	chmod 640 $T/meta/renamed
	mount -t overlay -o lowerdir=$T/meta::$MNT/a,metacopy=on,redirect_dir=follow overlay $MNT/d 2>/dev/null ||
		missing "data-only layers (Linux 6.5 has them)"
	expect renamed ls $MNT/d
	expect 640 stat -c %a $MNT/d/renamed
	cmp $MNT/d/renamed $R/api-a/data || return
	pages_equal $MNT/d/renamed $MNT/b/data || return
	umount $MNT/d
	rm -r $T/meta
}
t "data-only layers" data_only
idmapped()
{
	mkdir -p $MNT/i
	expect ok eistool idmap $MNT/a $MNT/i 100000
	stack o lowerdir=$MNT/i:$MNT/b || missing "overlayfs on idmapped mounts"
	expect 100000 stat -c %u $MNT/o/data
	pages_equal $MNT/o/data $MNT/b/data || return
	eistool verify $MNT/o/dir --ref $R/api-a/dir --methods seq,mmap || return
	unstack o && unmnt $MNT/i
}
t "an idmapped lower layer" idmapped
cache_seen()
{
	stack c lowerdir=$MNT/a || return
	# not cachestat: it looks at the cache of overlayfs's own inode, which is always empty
	for m in readahead willneed dontneed populate direct uring mlock cow; do
		eistool api $m $MNT/c/data $R/api-a/data --peer $MNT/b/data || return
	done
	unstack c
}
t "the cache is the one below, for every call about it" cache_seen
unmnt $MNT/a $MNT/b
