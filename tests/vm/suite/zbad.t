# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# zbad: damage in streams and maps of compressed files. What is damaged fails with EIO or EUCLEAN and says so in
# the log, with the file's number, the place and the check; the rest of the file and of the image reads right.
#
# Every stock kernel of the lab can do all four algorithms (6.1 has no MicroLZMA, the module brings its own), so
# there is no image to show how an algorithm that a kernel cannot do is refused; unknown ones are in badinput.

zip_disk
X=$T/bad.erofs
M=$MNT/m
R=$DATA/ref/zbad
mkdir -p $M

others_fine()
{
	for f in good dir/file; do
		[ $f = "$1" ] || cmp $M/$f $R/$f || die "an undamaged file is not readable any more"
	done
}
# The case's damage in $X; dies if there is nothing to poke.
damage()		# IMAGE OFFSET HEX...
{
	cp $IMG/$1.erofs $X
	shift
	while [ $# -gt 0 ]; do
		eistool poke $X $1 $2 || die "could not make the damage"
		shift 2
	done
}
mount_damaged()
{
	damage $image $changes
	src=$X
	by_file $FSTYPE || { loop $X; src=$dev; }
	opts=ro
	case $title in device:*) truncate -s 1M $T/extra; opts=ro,device=$T/extra ;; esac
	expect ok eistool mount -o $opts $FSTYPE $src $M
}
# A read of the damaged place must fail, with a line or two that say what and where.
told()
{
	ours_only
	mount_damaged
	set -- $must
	nid=$(stat -c %i $M/$file)
	# ten lines are let through in five seconds
	sleep 1
	log_mark
	at=$((($2 - 1) / 4096 * 4096))
	_g=$(eistool open $M/$file --read $at 1)
	case $_g in "!EIO at read"|"!EUCLEAN at read"|"!EOPNOTSUPP at read") ;; *) die "read at $at: $_g, should be EIO or EUCLEAN" ;; esac
	log_ours >$T/lines
	cat $T/lines >>$T/told
	grep -aq "nid $nid .*[A-Z]_[A-Z].* [0-9]" $T/lines ||
		{ cat $T/lines; die "no line of the log names nid $nid, the check and the place"; }
	[ "$(wc -l <$T/lines)" -le 3 ] || { cat $T/lines; die "$(wc -l <$T/lines) lines for one read"; }
	eistool umount $M || die "umount failed"
}
hurt()
{
	mount_damaged
	log_mark
	eistool damaged $M/$file $R/$file $must $may || return 1
	if ours; then
		n=$(log_ours | wc -l)
		[ $n -le 50 ] || die "$n lines in the log: no rate limit"
	fi
	others_fine $file
	eistool umount $M || die "umount failed"
	loops_free
}
cases() { while IFS='|' read -r title image file must may changes; do "$@"; done <$DATA/damage.tab; }
# Every third case, and before the others use the log up.
turn=0
tell()
{
	[ "$must" != "0 0" ] || return
	turn=$(((turn + 1) % 3))
	case $title in device:* | fragments:*) turn=1 ;; esac
	[ $turn != 1 ] || t "$title: the log" told
}
cases tell
# What only reading finds, by name: src/fill looks for these, src/format for the others (tests/unit).
told_by_name()
{
	ours_only
	for check in FRAGMENT_RANGE CLUSTER_SPLIT CLUSTER_BEYOND CLUSTER_STREAM; do
		grep -aq $check $T/told || die "no case of this test led to $check"
	done
}
t "each check of a read was told" told_by_name
each() { t "$title" hurt; }
cases each

cut_off()
{
	size=$(stat -c %s $IMG/$1.erofs)
	for percent in 30 70 95; do
		cp $IMG/$1.erofs $X
		truncate -s $((size * percent / 100)) $X
		by_file $FSTYPE && src=$X || { loop $X; src=$dev; }
		_o=$(eistool mount -o ro $FSTYPE $src $M) || { echo "$percent %: $_o"; loops_free; continue; }
		for f in big raw good tail dir/file; do
			# the inode may be gone too
			_o=$(eistool open $M/$f) || case $_o in
			"!EIO at open"|"!EUCLEAN at open") continue ;;
			*) die "at $percent %: $f: $_o" ;;
			esac
			eistool damaged $M/$f $R/$f 0 0 0 10000000 || { echo "at $percent %: $f"; return 1; }
		done
		eistool umount $M || return 1
		loops_free
	done
}
for i in zbad.lz4 zbad.frag; do
	t "$i cut off at several lengths" cut_off $i
done

mutations()
{
	: >$T/mut
	i=0
	while [ $i -lt ${MUTATIONS:-12} ]; do
		i=$((i + 1))
		set -- sid.mz-id512 sid.legacy-all sid.zstd-mix-C65536-b1024 sid.48-compact sid.zD-allfrag sid.lzma-metabox-C65536-b512
		shift $((i % 6))
		cp $IMG/$1.erofs $X
		len=$(stat -c %s $X)
		k=0
		while [ $k -lt 40 ]; do
			k=$((k + 1))
			set -- $(awk -v s=$((i * 100 + k)) -v n=$len 'BEGIN {srand(s); print int(rand() * n), int(rand() * 65536)}')
			[ $1 -lt 2048 ] || eistool poke $X $1 $(printf %04x $2)
			# every third image: the superblock, too
			[ $((i % 3)) != 0 ] || [ $k -gt 3 ] || eistool poke $X $((1024 + $1 % 128)) $(printf %02x $(($2 % 256)))
		done
		eistool sbfix $X
		by_file $FSTYPE && src=$X || { loop $X; src=$dev; }
		eistool mount -o ro $FSTYPE $src $M >>$T/mut || { loops_free; continue; }
		timeout 60 eistool readall $M >/dev/null 2>&1
		[ $? != 124 ] || die "mutation $i: reading everything takes more than a minute"
		eistool readall $M --mmap >/dev/null 2>&1
		eistool umount $M || die "mutation $i: umount failed"
		loops_free
	done
	_o="$(grep -c ok $T/mut) mounted, $(grep -c '!' $T/mut) refused"
	case $_o in "0 "*|*" 0 "*) die "$_o: this proves nothing" ;; esac
	note "mutations: $_o"
}
t "random damage" mutations
! ours || t "the module unloads after all that" unload_module
