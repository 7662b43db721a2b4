# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# acl: POSIX ACLs decide, as well as show; noacl turns them off.

mnt $IMG/trixie.plain.erofs $MNT/a || die "mount failed"
as() { u=$1; shift; setpriv --reuid=$u --regid=$u --clear-groups "$@"; }
decide()
{
	expect "!EACCES at open" as 1000 eistool open $MNT/a/acls/deny
	expect ok as 1001 eistool open $MNT/a/acls/deny
	expect ok as 1000 eistool open $MNT/a/acls/allow
	expect "!EACCES at open" as 1001 eistool open $MNT/a/acls/allow
	expect ok eistool open $MNT/a/acls/allow
}
t "ACLs decide" decide
# again, from a cold cache
cold() { echo 3 >/proc/sys/vm/drop_caches; decide; }
t "ACLs decide, from a cold cache" cold
show()
{
	getfacl --absolute-names $MNT/a/acls/both >$T/f || return 1
	for l in user:1000:rwx default:user:70000:r-x mask::rwx other::r-x default:other::r-x; do
		grep -qx "$l.*" $T/f || { cat $T/f; die "no '$l' in getfacl"; }
	done
	getfacl --absolute-names $MNT/a/sizes/s1 | grep -c . | grep -qx 6 || { getfacl --absolute-names $MNT/a/sizes/s1; return 1; }
}
t "getfacl" show
off()
{
	mnt $IMG/trixie.plain.erofs $MNT/n noacl
	r=$(as 1000 eistool open $MNT/n/acls/deny)
	x=$(eistool xattr get $MNT/n/acls/deny system.posix_acl_access | head -c 100)
	unmnt $MNT/n
	[ "$r" = ok ] || die "noacl: the ACL still decides: $r"
	[ "$x" = "!EOPNOTSUPP" ] || die "noacl: the ACL is still shown: $x"
}
t "noacl" off
all_images()
{
	for i in bookworm.compact trixie.b512 sid.metabox sid.pfx; do
		mnt $IMG/$i.erofs $MNT/i || missing "$_out"
		expect "!EACCES at open" as 1000 eistool open $MNT/i/acls/deny
		expect ok as 1000 eistool open $MNT/i/acls/allow
		unmnt $MNT/i
	done
}
t "ACLs in other forms of images" all_images
unmnt $MNT/a
