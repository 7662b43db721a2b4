# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# kernel.sh: stock kernel images unpacked (never installed), and module builds against their
# headers inside the build root.
# Rules: image and headers are of one version; a build happens in a copy of the sources, one
# per kernel release, and files are rewritten there only when their content changed, so a
# rebuild is incremental and always sees a change.

kernel_env_path() { printf '%s\n' "$CACHE/kernels/$1/env"; }

kernel_is_made()
{
	grep -qxF "KRELEASE=$2" "$CACHE/kernels/$1/env" 2>/dev/null &&
		grep -qxF "KVERSION=$3" "$CACHE/kernels/$1/env"
}

# The packages that make up an image: one, or since the split an empty one over its parts.
kernel_image_packages()
{
	local fam=$1 rel=$2 ver=$3 APT_OPTS todo=("linux-image-$2") p d seen=" "
	apt_opts "$fam"
	while [ ${#todo[@]} -gt 0 ]; do
		p=${todo[0]}
		todo=("${todo[@]:1}")
		case $seen in *" $p "*) continue ;; esac
		seen="$seen$p "
		echo "$p"
		for d in $(apt-cache "${APT_OPTS[@]}" show "$p=$ver" | sed -n 's/^\(Pre-\)\?Depends: //p' | tr ',|' '\n' |
				awk '{print $1}' | grep -- "-$rel\$" || true); do
			case $d in linux-image-*|linux-base-*|linux-binary-*|linux-modules-*) todo+=("$d") ;; esac
		done
	done
}

kernel_make()
{
	local id=$1 rel=$2 ver=$3 fam dir=$CACHE/kernels/$1 tmp=$CACHE/kernels/$1.tmp APT_OPTS p pkgs debs vmlinuz m
	kernel_is_made "$id" "$rel" "$ver" && return 0
	fam=$(kernel_family "$id")
	apt_opts "$fam"
	rm -rf "$tmp"
	debs=$CACHE/debs/kernel
	mkdir -p "$tmp/root" "$debs"
	say "$id: fetching kernel $rel"
	pkgs=$(kernel_image_packages "$fam" "$rel" "$ver")
	for p in $pkgs; do
		# Header packages that depend on the image have brought it already.
		m=$(find "$debs" "$CACHE/debs/archives-$fam" -name "${p}_${ver//:/%3a}_*.deb" -print -quit 2>/dev/null)
		if [ -z "$m" ]; then
			(cd "$debs" && run_logged "$CACHE/logs/kernel-$id.log" apt-get "${APT_OPTS[@]}" download "$p=$ver") ||
				die "$id: cannot download $p=$ver (log: $CACHE/logs/kernel-$id.log)"
			m=$(find "$debs" -name "${p}_${ver//:/%3a}_*.deb" -print -quit)
		fi
		[ -n "$m" ] || die "$id: $p=$ver was downloaded but is not in $debs"
		dpkg -x "$m" "$tmp/root"
	done
	# One place for modules on all of them.
	if [ -d "$tmp/root/usr/lib/modules/$rel" ]; then
		m=usr/lib/modules
	else
		m=lib/modules
	fi
	[ -d "$tmp/root/$m/$rel/kernel" ] || die "$id: the image packages hold no modules for $rel: $pkgs"
	mkdir -p "$tmp/lib/modules"
	mv "$tmp/root/$m/$rel" "$tmp/lib/modules/$rel"
	for vmlinuz in "$tmp/root/boot/vmlinuz-$rel" "$tmp/lib/modules/$rel/vmlinuz" ''; do
		[ -f "$vmlinuz" ] && break
	done
	[ -n "$vmlinuz" ] || die "$id: the image packages hold no vmlinuz for $rel: $pkgs"
	cp "$vmlinuz" "$tmp/vmlinuz"
	cp "$tmp"/root/boot/config-"$rel" "$tmp/config" 2>/dev/null ||
		cp "$tmp/lib/modules/$rel/config" "$tmp/config" 2>/dev/null || true
	rm -rf "$tmp/root"
	say "$id: indexing modules"
	depmod -b "$tmp" "$rel" || die "$id: depmod failed for $rel"
	cat >"$tmp/env" <<-EOF
		KID=$id
		KRELEASE=$rel
		KVERSION=$ver
		KSUITE=$fam
		KVMLINUZ=$dir/vmlinuz
		KMODULES=$dir/lib/modules/$rel
		KROOT=$CACHE/roots/$fam
		KHEADERS=/usr/src/linux-headers-$rel
	EOF
	rm -rf "$dir"
	mv "$tmp" "$dir"
}

# kernel_ensure ID: root, headers and image of the kernel the id means today.
kernel_ensure()
{
	local id=$1 KR_VERSION KR_RELEASE fam
	# Built here, not fetched.
	case $id in debug|kcsan)
		"$LAB_DIR/../debug/build" "$id" >/dev/null
		return ;;
	esac
	fam=$(kernel_family "$id")
	kernel_resolve "$id"
	if ! root_is_made "$fam" || ! root_has_headers "$fam" "$KR_RELEASE" "$KR_VERSION"; then
		root_ensure "$fam"
	fi
	kernel_is_made "$id" "$KR_RELEASE" "$KR_VERSION" ||
		with_lock "kernel-$id" kernel_make "$id" "$KR_RELEASE" "$KR_VERSION"
}

# The sources as git sees them (build products of other kernels stay out), else all files.
source_list()
{
	local src=$1 git=(git -c 'safe.directory=*')	# the clone may be another user's
	if [ "$("${git[@]}" -C "$src" rev-parse --show-toplevel 2>/dev/null)" = "$(cd "$src" && pwd -P)" ]; then
		# A file deleted but still in the index is not there to copy.
		(cd "$src" && "${git[@]}" ls-files -co --exclude-standard | while IFS= read -r f; do
			if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\n' "$f"; fi
		done)
	else
		(cd "$src" && find . \( -name .git -o -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' \
			-o -name '.*.cmd' -o -name compat_config.h -o -name '.probe*' -o -name Module.symvers -o -name modules.order \) -prune -o \
			\( -type f -o -type l \) -printf '%P\n')
	fi | LC_ALL=C sort
}

source_copy()
{
	local src=$1 dst=$2
	mkdir -p "$dst"
	source_list "$src" >"$dst.new"
	if [ -f "$dst.list" ]; then
		LC_ALL=C comm -13 "$dst.new" "$dst.list" | while IFS= read -r f; do rm -f "$dst/$f"; done
	fi
	# By content, with fresh times on what changed: make then sees it whatever the clocks say.
	rsync -rlp --checksum --files-from="$dst.new" "$src/" "$dst/"
	mv "$dst.new" "$dst.list"
}

# lab build [--fresh] ID SRC OUT [-- make arguments]
# --fresh builds everything anew, beside the incremental build: every warning shows.
kernel_build()
{
	local suffix=''
	[ "${1:-}" = --fresh ] && { suffix=-fresh; shift; }
	local id=${1:-} src=${2:-} out=${3:-}
	[ $# -ge 3 ] || die "usage: lab build [--fresh] ID SRC OUT [-- make arguments]"
	shift 3
	[ "${1:-}" = -- ] && shift
	[ -f "$src/Makefile" ] || die "build: '$src' has no Makefile"
	kernel_ensure "$id"
	case " $* " in
	*" C=1 "*|*" C=2 "*) with_lock "root-$(kernel_family "$id")" root_newest_sparse "$(kernel_family "$id")" ;;
	esac
	mkdir -p "$out"
	with_lock "build-$id$suffix" kernel_build_locked "$id" "$suffix" "$(cd "$src" && pwd)" "$(cd "$out" && pwd)" "$@"
}

kernel_build_locked()
{
	local id=$1 suffix=$2 src=$3 out=$4 rc=0 work log KRELEASE KROOT KHEADERS
	shift 4
	# shellcheck source=/dev/null
	. "$CACHE/kernels/$id/env"
	work=build/$id-$KRELEASE$suffix
	log=$out/build-$id.log
	mkdir -p "$KROOT/build"
	# Work directories of releases that are gone.
	find "$KROOT/build" -mindepth 1 -maxdepth 1 -name "$id-[0-9]*" ! -name "$id-$KRELEASE*" -exec rm -rf {} +
	[ -z "$suffix" ] || rm -rf "${KROOT:?}/$work" "$KROOT/$work.list"
	source_copy "$src" "$KROOT/$work"
	rm -f "$KROOT/$work/src/erofs_ishare.ko" "$out/erofs_ishare.ko"
	root_exec "$KROOT" -- make -C "/$work" -j"$(nproc)" modules KDIR="$KHEADERS" "$@" \
		>"$log" 2>&1 </dev/null || rc=$?
	if [ "$rc" -ne 0 ]; then
		tail -n 40 "$log" >&2
		say "$id: make failed (exit $rc); whole log: $log"
		exit "$rc"
	fi
	[ -f "$KROOT/$work/src/erofs_ishare.ko" ] || die "$id: make succeeded but left no src/erofs_ishare.ko (log: $log)"
	cp "$KROOT/$work/src/erofs_ishare.ko" "$out/erofs_ishare.ko"
	say "$id: built $out/erofs_ishare.ko for $KRELEASE (log: $log)"
}
