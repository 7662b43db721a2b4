# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# idmap: owners, permissions and ACLs through an idmapped mount.

mnt $IMG/trixie.tarf.erofs $MNT/i || die "mount failed"
mkdir -p $MNT/m
owners()
{
	expect ok eistool idmap $MNT/i $MNT/m 100000
	# the kernel rewrites the owner inside file capabilities; that is not the driver's doing
	sed 's/ x:security.capability=[^ ]*//' $DATA/man/tar >$T/man
	same_manifest $MNT/m $T/man --uid-shift 100000 --skip-xattr security.capability || return 1
	same_manifest $MNT/i $DATA/man/tar || return 1
	unmnt $MNT/m
}
t "owners are shifted, all else is the same" owners
unmnt $MNT/i
acls()
{
	mnt $IMG/trixie.plain.erofs $MNT/i
	expect ok eistool idmap $MNT/i $MNT/m 100000
	expect "!EACCES at open" setpriv --reuid=101000 --regid=101000 --clear-groups eistool open $MNT/m/acls/deny
	expect ok setpriv --reuid=1000 --regid=1000 --clear-groups eistool open $MNT/m/acls/deny
	expect ok setpriv --reuid=101000 --regid=101000 --clear-groups eistool open $MNT/m/acls/allow
	expect "!EACCES at open" setpriv --reuid=1000 --regid=1000 --clear-groups eistool open $MNT/m/acls/allow
	getfacl -n --absolute-names $MNT/m/acls/both | grep -q '^user:101000:rwx' || { getfacl -n --absolute-names $MNT/m/acls/both; return 1; }
	unmnt $MNT/m $MNT/i
}
t "ACLs are mapped" acls
shared()
{
	ours_only
	mnt $IMG/share-a.erofs $MNT/i domain_id=idmap
	expect ok eistool idmap $MNT/i $MNT/m 100000
	pages_equal $MNT/i/common/big $MNT/m/common/big || return 1
	unmnt $MNT/m $MNT/i
}
t "pages are the same through it" shared
