# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# matrix: every image of images.tab against the manifest of its source tree, by every access
# method, and against the in-tree driver of this kernel where that one can mount the image.
# Two workers, one per CPU; IMAGES="a b" restricts to some.

has_flag() { case ,$flags, in *,$1,*) return 0 ;; esac; return 1; }

# What the source tree cannot tell, and the in-tree driver can: inode numbers, blocks, statfs.
see()			# DIR FILE
{
	eistool manifest "$1" --all --no-content --no-xattr $guest >"$2" || return 1
	# the device number takes the UUID's place in fsid on some kernels
	eistool statfs "$1" | sed 's/fsid=[0-9a-f]*//; s/flags=[0-9a-f]*//' >>"$2"
}

against_intree()
{
	modprobe erofs 2>/dev/null
	grep -q '	erofs$' /proc/filesystems || missing "no in-tree erofs"
	mnt_as erofs $IMG/$name.erofs "$MNT/in" "$opts" || missing "the in-tree driver cannot: $_out"
	_rc=0
	see "$MNT/in" "$T/intree" || _rc=1
	unmnt "$MNT/in"
	[ $_rc = 0 ] || die "in-tree driver: $(cat "$T/intree")"
	see "$MNT/a" "$T/ours" || { cat "$T/ours"; return 1; }
	cmp -s "$T/intree" "$T/ours" && return 0
	echo "$(diff "$T/intree" "$T/ours" | grep -c '^[-+][^-+]') lines differ (- in-tree, + $FSTYPE):"
	diff -U0 "$T/intree" "$T/ours" | grep '^[-+][^-+]' | cut -c1-300 | head -n 10
	return 1
}

one_image()
{
	opts= guest=
	for f in $(echo "$flags" | tr , ' '); do
		case $f in
		dev=*)		opts=$opts,device=$IMG/${f#dev=} ;;
		guest=*)	guest=$(echo "${f#guest=}" | tr : ' ') ;;
		esac
	done
	opts=${opts#,}
	if ! mnt "$IMG/$name.erofs" "$MNT/a" "$opts" >"$T/out" 2>&1; then
		report "$name: mount" 1
		return
	fi
	t "$name: manifest" same_manifest "$MNT/a" $DATA/man/$man $guest
	case $name in
	*huge)	sample="--max 1M" ;;
	*.real*) sample="--every 60 --methods rand,mmapback,direct,splice" ;;
	*)	sample="--every 9 --methods rand,mmapback,edge,direct,seq"
		has_flag full && sample="--every 2" ;;
	esac
	t "$name: bytes" eistool verify "$MNT/a" --manifest $DATA/man/$man $sample
	has_flag dirs && t "$name: directories" eistool dirs "$MNT/a" --samples 60
	t "$name: extents" eistool fiemap "$MNT/a" --max 100k
	has_flag full && t "$name: holes" eistool holes "$MNT/a"
	ours && t "$name: as in-tree" against_intree
	unmnt "$MNT/a"
}

worker()
{
	w=$1
	T=$T/$w
	MNT=$MNT/$w
	mkdir -p "$T" "$MNT"
	n=0
	while IFS='|' read -r name man flags; do
		n=$((n + 1))
		[ $((n % 2)) = $w ] || continue
		case " ${IMAGES:-$name} " in *" $name "*) ;; *) continue ;; esac
		one_image >"$T/tap" 2>&1
		# one write, so that the workers' lines do not mix
		cat "$T/tap"
	done <$DATA/images.tab
}

worker 0 &
worker 1
wait
