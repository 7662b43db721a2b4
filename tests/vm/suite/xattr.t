# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# xattr: who sees which attribute, options, errors. Values themselves are compared by matrix.

mnt $IMG/trixie.prefix.erofs $MNT/x || die "mount failed"
f=$MNT/x/xattrs/spaces
root_sees() { expect "$(printf 'security.s\ntrusted.t\nuser.u')" sh -c "eistool xattr list $f | sort"; }
t "root lists all name spaces" root_sees
as_user() { setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all "$@"; }
user_sees()
{
	expect "$(printf 'security.s\nuser.u')" sh -c "/bin/setpriv --reuid=1000 --regid=1000 --clear-groups eistool xattr list $f | sort"
	expect user as_user eistool xattr get $f user.u
	expect "!ENODATA" as_user eistool xattr get $f trusted.t
}
t "a user sees no trusted xattrs" user_sees
absent()
{
	expect "!ENODATA" eistool xattr get $f user.nothing
	expect "!ENODATA" eistool xattr get $f user.uu
	expect "!ENODATA" eistool xattr get $f trusted.u
	expect "!ENODATA" eistool xattr get $f security.u
	expect "!EOPNOTSUPP" eistool xattr get $f lustre.u
	expect "!EOPNOTSUPP" eistool xattr get $f nonsense
	expect "!EINVAL" eistool xattr get $f user.
}
t "what is not there" absent
long_prefix()
{
	p=$MNT/x/xattrs/prefix00
	expect p0 eistool xattr get $p user.some.long.prefix.a
	expect "exactly the prefix" eistool xattr get $p user.some.long.prefix.
	expect "just before the prefix" eistool xattr get $p user.some.long
	expect "!ENODATA" eistool xattr get $p user.some.long.prefi
	expect "!ENODATA" eistool xattr get $p user.some.long.prefix
	expect "!ENODATA" eistool xattr get $p user.some.long.prefix.aa
	expect q0 eistool xattr get $p trusted.overlayish.prefix.0
	expect "!ENODATA" eistool xattr get $p user.overlayish.prefix.0
}
prefixes_known() { ours || [ "$(uname -r | cut -d. -f1-2)" != 6.1 ] || missing "long prefixes in this in-tree driver"; }
t "long prefixes" long_prefix
hidden()
{
	mnt $IMG/sid.digestv1.erofs $MNT/h
	expect "" sh -c "eistool xattr list $MNT/h/sizes/s100"
	expect "!EOPNOTSUPP" eistool xattr get $MNT/h/sizes/s100 erofs.fingerprint.v1
	unmnt $MNT/h
}
t "the default digest is hidden" hidden
visible()
{
	mnt $IMG/sid.digest.erofs $MNT/h
	expect trusted.erofs.fingerprint eistool xattr list $MNT/h/sizes/s100
	sum=$(sha256sum $MNT/h/sizes/s100 | cut -d' ' -f1)
	got=$(eistool xattr get $MNT/h/sizes/s100 trusted.erofs.fingerprint | tail -c +8 | hexdump -v -e '/1 "%02x"')
	[ "$sum" = "$got" ] || die "digest $got, sha256 $sum"
	unmnt $MNT/h
}
t "a trusted digest is the content's sha256" visible
option()
{
	mnt $IMG/trixie.plain.erofs $MNT/n nouser_xattr
	_rc=0
	eistool xattr get $MNT/n/xattrs/one user.one && _rc=1
	eistool xattr list $MNT/n/xattrs/spaces | grep '^user' && _rc=1
	expect trusted eistool xattr get $MNT/n/xattrs/spaces trusted.t
	unmnt $MNT/n
	[ $_rc = 0 ] || die "user xattrs are there with nouser_xattr"
}
t "nouser_xattr hides user xattrs only" option
capability()
{
	getfattr --absolute-names -n security.capability -e hex $MNT/x/xattrs/capable >$T/cap || return 1
	grep -q 0x0100000200040000000000000000000000000000 $T/cap || { cat $T/cap; return 1; }
}
t "file capabilities" capability
unmnt $MNT/x
