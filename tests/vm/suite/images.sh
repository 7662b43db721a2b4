# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# images.sh: how `prepare` and `prepare-zip` make images, manifests and the disk that holds them. Sourced.
#
# The caller sets SUITE (this directory), E (eistool), LAB, and calls images_begin WORK-DIRECTORY. Then:
#   $W/tree/TREE   source trees, made by the caller
#   $D/images      the images; $D/man their manifests; $D/images.tab "image|manifest|flags"

UUID=11111111-2222-3333-4444-555555555555
SUITES="bookworm trixie sid"
declare -A ROOT MKFS

images_roots()
{
	local s
	for s in $SUITES; do
		ROOT[$s]=$("$LAB" root "$s")
	done
}

# What images depend on: these files, and the versions of mkfs.erofs.
images_key()		# FILE...
{
	local s
	{
		cat "$SUITE/images.sh" "$@"
		for s in $SUITES; do
			chroot "${ROOT[$s]}" dpkg-query -W erofs-utils
		done
	} | sha256sum | cut -c1-32
}

images_begin()		# WORK-DIRECTORY
{
	W=$1
	D=$W/data
	rm -rf "$W"
	mkdir -p "$W/tree" "$D/images" "$D/man" "$D/ref"
	: >"$D/images.tab"
}

manifest_of()		# TREE OPTIONS: the file name of its manifest
{
	local name
	name=$1$(printf '%s' "${2:+ $2}" | tr -c 'A-Za-z0-9.' '_' | cut -c1-80)
	if [ ! -f "$D/man/$name" ]; then
		# shellcheck disable=SC2086
		"$E" manifest "$W/tree/$1" --count-links $2 >"$D/man/$name" || die "manifest of $1 failed"
	fi
	printf '%s' "$name"
}

# image SUITE NAME TREE FLAGS SOURCE-MANIFEST-OPTIONS -- MKFS-OPTIONS: one for the matrix
image()
{
	local suite=$1 name=$1.$2 tree=$3 flags=$4 srcopts=$5
	shift 6
	# 1.9 marks the directory of a whiteout as overlayfs wants it; the older ones do not.
	case $suite.$tree in sid.tar|sid.z*|sid.real) ;; sid.*) srcopts="--whiteout-origin${srcopts:+ $srcopts}" ;; esac
	MKFS[$suite]+="mk $name /w/tree/$tree $*"$'\n'
	printf '%s|%s|%s\n' "$name" "$(manifest_of "$tree" "$srcopts")" "$flags" >>"$D/images.tab"
}

# extra SUITE NAME TREE -- MKFS-OPTIONS: for single tests; not part of the matrix
extra() { local suite=$1 name=$2 tree=$3; shift 4; MKFS[$suite]+="mk $name /w/tree/$tree $*"$'\n'; }

# more SUITE COMMAND: in the suite's root, after the images before it; files are below /w
more() { MKFS[$1]+="$2"$'\n'; }

images_make()
{
	local s
	for s in $SUITES; do
		[ -n "${MKFS[$s]:-}" ] || continue
		cat >"$W/mk-$s.sh" <<MK
set -eu
mk()
{
	name=\$1 src=\$2
	shift 2
	# 1.8 opens the extra device without creating it
	for a in "\$@"; do
		case \$a in --blobdev=*) : >"\${a#*=}" ;; esac
	done
	case "\$*" in *-Ua0*) ;; *) set -- -U$UUID "\$@" ;; esac
	case "\$*" in
	*--tar=*) src=/w/tree/in.tar ;;
	esac
	if ! mkfs.erofs --quiet "\$@" /w/data/images/\$name.erofs "\$src" >/w/mkfs.log 2>&1; then
		echo "mkfs.erofs \$* \$name: failed:" >&2
		cat /w/mkfs.log >&2
		exit 1
	fi
}
${MKFS[$s]}
MK
		"$LAB" run "$s" -b "$W:/w" -- sh /w/mk-$s.sh || die "mkfs.erofs of $s failed"
	done
}

images_disk()		# FILE LABEL: the disk with all of $D
{
	local size
	size=$(($(du -s --apparent-size --block-size=1M "$D" | cut -f1) * 5 / 4 + 48))
	rm -f "$1"
	mkfs.ext4 -q -F -b 4096 -L "$2" -m 0 -O ^has_journal -i 8192 -d "$D" "$1" "${size}M" >"$W/mkfs.log" 2>&1 ||
		{ cat "$W/mkfs.log" >&2; die "mkfs.ext4 failed"; }
	say "$(find "$D/images" -name '*.erofs' | wc -l) images ready: $(du -sh "$1" | cut -f1)"
}
