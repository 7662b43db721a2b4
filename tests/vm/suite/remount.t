# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# remount: what may change does, what may not does not, and the cache stays.

mnt $IMG/share-a.erofs $MNT/r || die "mount failed"
rmt() { eistool mount -o "remount,$1" "$FSTYPE" none $MNT/r; }
stays_ro()
{
	rmt rw >/dev/null
	grep " $MNT/r " /proc/mounts | grep -q ' ro[, ]' || die "read-write now: $(grep " $MNT/r " /proc/mounts)"
	touch $MNT/r/x && die "a file was made"
	return 0
}
t "remount,rw does not make it writable" stays_ro
acl_changes()
{
	expect ok rmt ro,noacl,nouser_xattr
	expect ok rmt ro,acl,user_xattr
	eistool verify $MNT/r --ref $DATA/ref/share-a --methods seq
}
t "acl, user_xattr" acl_changes
unknown()
{
	_o=$(rmt ro,no_such_option) && die "an unknown option was taken"
	[ "$_o" = "!EINVAL" ] || die "unknown option: $_o, not EINVAL"
}
t "an unknown option is EINVAL" unknown
keeps_cache()
{
	eistool readall $MNT/r >/dev/null
	a=$(eistool pfn $MNT/r/common/big)
	expect ok rmt ro
	[ "$a" = "$(eistool pfn $MNT/r/common/big)" ] || die "the pages changed"
}
t "cached pages stay" keeps_cache
unmnt $MNT/r
# fstab's options are all repeated; what cannot change is said, not looked up.
devices()
{
	ours_only
	expect ok eistool mount -o ro,device=$IMG/bookworm.blob.dev $FSTYPE $IMG/bookworm.blob.erofs $MNT/r
	log_mark
	expect ok rmt ro,device=/no/such/device,dax=always
	log_ours | grep -q 'device: stays what it is' || { log_ours; die "device: the log does not say it"; }
	log_ours | grep -q 'dax=always: not supported' || { log_ours; die "dax: the log does not say it"; }
	eistool readall $MNT/r >/dev/null
	unmnt $MNT/r
}
t "devices stay, and the log says so" devices
domain()
{
	ours_only
	mnt $IMG/share-a.erofs $MNT/r domain_id=one
	mnt $IMG/share-b.erofs $MNT/r2 domain_id=one
	pages_equal $MNT/r/common/f6 $MNT/r2/common/f6 || return 1
	expect ok rmt ro
	expect ok rmt ro,domain_id=one
	expect "!EINVAL" rmt ro,domain_id=two
	pages_equal $MNT/r/common/big $MNT/r2/common/big || return 1
	unmnt $MNT/r $MNT/r2
	mnt $IMG/share-a.erofs $MNT/r
	expect "!EINVAL" rmt ro,domain_id=one
	unmnt $MNT/r
}
t "the domain cannot change" domain
