# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# matrix: every image of images.tab against the manifest of its source tree, by every access
# method, and against the in-tree driver of this kernel where that one can mount the image.
# Two workers, one per CPU; IMAGES="a b" restricts to some, INTREE=no leaves the in-tree driver out. Also the body of zmatrix.

has_flag() { case ,$flags, in *,$1,*) return 0 ;; esac; return 1; }

# What the source tree cannot tell, and the in-tree driver can: inode numbers, blocks, statfs.
see()			# DIR FILE
{
	eistool manifest "$1" --all --no-content --no-xattr $guest >"$2" 2>&1 || return 1
	# the device number takes the UUID's place in fsid on some kernels
	eistool statfs "$1" | sed 's/fsid=[0-9a-f]*//; s/flags=[0-9a-f]*//' >>"$2"
}

against_intree()
{
	_out=$(modprobe erofs 2>&1) || case $_out in
	*'not found'*)	missing "no in-tree erofs" ;;
	*)		die "modprobe erofs: $_out" ;;
	esac
	grep -q '	erofs$' /proc/filesystems || die "the in-tree module is loaded, but erofs is not in /proc/filesystems"
	loops=
	mnt_as erofs $IMG/$name.erofs "$MNT/in" "$opts" || missing "the in-tree driver cannot: $_out"
	_rc=0
	see "$MNT/in" "$T/intree" || _rc=1
	unmnt "$MNT/in"
	# before 6.7, compressed files in blocks smaller than a page
	grep -q 'lstat: EOPNOTSUPP' "$T/intree" && missing "the in-tree driver cannot: $(cat "$T/intree")"
	[ $_rc = 0 ] || die "in-tree driver: $(cat "$T/intree")"
	see "$MNT/a" "$T/ours" || { cat "$T/ours"; return 1; }
	cmp -s "$T/intree" "$T/ours" && return 0
	# Of an inode that the image says has no blocks of its own (it is a fragment), older drivers say that it has
	# as many as its size fills.
	if [ "$DATA" != /data ]; then
		for f in intree ours; do
			awk '{
				match($0, / size=[0-9]+/); size = substr($0, RSTART + 6, RLENGTH - 6)
				match($0, / blksize=[0-9]+/); bs = substr($0, RSTART + 9, RLENGTH - 9)
				if (bs) sub(" blocks=" int((size + bs - 1) / bs) * bs / 512 " ", " blocks=0 ")
				print
			}' "$T/$f" >"$T/$f.blocks"
		done
		cmp -s "$T/intree.blocks" "$T/ours.blocks" && return 0
	fi
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
	has_flag disk || one_mount "$name" mnt
	if has_flag disk || has_flag both; then
		one_mount "$name (disk)" mnt_disk
	fi
}

one_mount()		# TITLE MOUNT-COMMAND
{
	if ! $2 "$IMG/$name.erofs" "$MNT/a" "$opts" >"$T/out" 2>&1; then
		report "$1: mount" 1
		return
	fi
	t "$1: manifest" same_manifest "$MNT/a" $DATA/man/$man $guest
	case $name in
	*huge)	sample="--max 1M" ;;
	*.real*) sample="--every 60 --methods rand,mmapback,direct,splice" ;;
	*)	sample="--every 9 --methods rand,mmapback,edge,direct,seq"
		[ "$DATA" = /data ] || sample="--every 23 --methods rand,mmapback,edge,direct,seq"
		has_flag full && sample="--every 2" ;;
	esac
	# the in-tree driver refuses direct reads of compressed files
	ours || [ "$DATA" = /data ] || sample="$sample --skip direct"
	t "$1: bytes" eistool verify "$MNT/a" --manifest $DATA/man/$man $sample
	has_flag dirs && t "$1: directories" eistool dirs "$MNT/a" --samples 60
	t "$1: extents" eistool fiemap "$MNT/a" --max 100k
	has_flag full && t "$1: holes" eistool holes "$MNT/a"
	ours && [ "${INTREE:-}" != no ] && t "$1: as in-tree" against_intree
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

[ "${INTREE:-}" != no ] || note "INTREE=no: nothing is compared with the in-tree driver"
worker 0 &
worker 1
wait
