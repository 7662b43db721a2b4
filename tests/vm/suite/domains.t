# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# domains: page frames never cross from one domain to another, or from one fingerprint to another,
# whatever bytes are in names and digests; the same name and digest always share.

if ! ours; then
	echo "ok - domains # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref/api-a

# Names that a careless comparison takes for one another. No comma: that is mount(2)'s own.
names()
{
	long=$(head -c 200 /dev/zero | tr '\0' n)
	printf '%s\n' d D dd 'd ' ' d' d. ./d ../d d/ 'd%s' 'd\000' "$long" "${long}1" "${long}2" 0 00
	printf 'd\t\nd\377\nd\303\244\n'
}
never_mix()
{
	names >$T/names
	count=$(wc -l <$T/names) i=0
	set --
	while IFS= read -r name; do
		i=$((i + 1))
		mkdir -p $MNT/n$i
		_o=$(eistool mountfd $FSTYPE $IMG/api-a.erofs $MNT/n$i "domain_id=$name") || die "domain '$name': $_o"
		set -- "$@" $MNT/n$i
	done <$T/names
	[ $i -ge 19 ] || die "only $i names"
	one=$(eistool unique $MNT/n1) all=$(eistool unique "$@")
	note "$i domains: $all; one: $one"
	frames=${one##*unique=} frames=${frames%% *} all=${all##*unique=} all=${all%% *}
	[ $all = $((frames * i)) ] || die "$i domains have $all frames, should be $i times $frames"
	# and each of them shares with a second mount of its name
	i=0
	while IFS= read -r name; do
		i=$((i + 1))
		mkdir -p $MNT/again
		_o=$(eistool mountfd $FSTYPE $IMG/api-b.erofs $MNT/again "domain_id=$name") || die "domain '$name': $_o"
		pages_equal $MNT/again/data $MNT/n$i/data || die "domain '$name' does not share with itself"
		pages_differ $MNT/again/data $MNT/n$((i % count + 1))/data || return
		unmnt $MNT/again
	done <$T/names
	unmnt "$@"
	rm $T/names
}
t "nineteen names, nineteen domains" never_mix

# Where the fingerprint of "data" is in an image.
sum=$(sha256sum $R/data | cut -d' ' -f1)
place_of()		# IMAGE
{
	_at=$(eistool find $IMG/$1.erofs $sum) || die "the digest is not in $1"
	[ "$(echo "$_at" | wc -l)" = 1 ] || die "the digest is in several places of $1: $_at"
	_at=$((_at - 7))
	[ "$(eistool peek $IMG/$1.erofs $((_at - 2)) 2)" = 2700 ] || die "a value of 39 bytes should be in $1 at $_at"
	echo $_at
}
place_a=$(place_of api-a) || die "$place_a"
place_b=$(place_of api-b) || die "$place_b"

# In a copy of an image it becomes these bytes (hex). There is room for 37 to 40.
patch()			# IMAGE PLACE COPY HEX
{
	cp $IMG/$1.erofs $T/$3
	len=$((${#4} / 2))
	[ $len -ge 37 ] && [ $len -le 40 ] || die "$len bytes do not fit"
	eistool poke $T/$3 $(($2 - 2)) $(printf %02x00 $len)
	eistool poke $T/$3 $2 $4
	# the checksum of the superblock covers its whole block
	eistool sbfix $T/$3
}
rest() { head -c $1 /dev/zero | tr '\0' x | hexdump -v -e '/1 "%02x"'; }	# N bytes
pair()			# shared|differ DOMAIN1 HEX1 DOMAIN2 HEX2
{
	patch api-a $place_a one $3
	patch api-b $place_b two $5
	mnt $T/one $MNT/1 domain_id=$2
	mnt $T/two $MNT/2 domain_id=$4
	case $1 in
	shared)	pages_equal $MNT/1/data $MNT/2/data || return ;;
	differ)	pages_differ $MNT/1/data $MNT/2/data || return
		# nothing but this file
		[ $2 != $4 ] || pages_equal $MNT/1/dir/f0 $MNT/2/dir/f0 || return ;;
	esac
	cmp $MNT/1/data $R/data && cmp $MNT/2/data $R/data || return
	unmnt $MNT/1 $MNT/2
	rm $T/one $T/two
}
t "any bytes are a fingerprint: equal ones share" pair shared d 000a$(rest 36) d 000a$(rest 36)
t "\"ab\" with \"c..\" and \"a\" with \"bc..\"" pair differ ab 63$(rest 37) a 6263$(rest 37)
t "\"a\" with \"bc..\" and \"ab\" with \"c..\", of one length" pair differ a 6263$(rest 37) ab 63$(rest 38)
t "a fingerprint that begins another one" pair differ d $(rest 38) d $(rest 39)
t "fingerprints that differ after a zero byte" pair differ d 0041$(rest 36) d 0042$(rest 36)
t "fingerprints that differ in zero bytes at the end" pair differ d $(rest 38)00 d $(rest 38)0000
t "fingerprints that differ in the last byte" pair differ d $(rest 38)00 d $(rest 38)01
t "fingerprints that differ in the highest bit" pair differ d 41$(rest 38) d c1$(rest 38)
