# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# root.sh: build roots, one per suite: its compiler, kernel headers of its kernels, sparse,
# dkms, its erofs-utils, and the user-space programs the VMs take along.
# Rule: a root is complete or absent. It is remade when LAB_ROOT_FORMAT or the package list
# changes; a newer kernel only adds its headers.

LAB_ROOT_FORMAT=1

root_path() { printf '%s\n' "$CACHE/roots/$1"; }

root_packages()
{
	echo make gcc libc6-dev sparse dkms kmod rsync patch util-linux mount attr acl erofs-utils \
		dmsetup xz-utils zstd libelf-dev dpkg-dev debhelper dh-dkms fakeroot ca-certificates
}

root_check_suite()
{
	case " $LAB_SUITES " in *" $1 "*) ;; *) die "unknown suite '$1'; one of: $LAB_SUITES" ;; esac
}

# The kernel ids whose headers belong into a suite's root.
root_kernels()
{
	local id
	for id in $LAB_KERNELS; do
		[ "${id%-backports}" = "$1" ] && echo "$id"
	done
	return 0
}

# debootstrap_to SUITE TARGET LOG ARGS...: interrupted or not, leaves no mount behind.
debootstrap_to()
{
	local suite=$1 target=$2 log=$3
	shift 3
	apt_mirrors
	mkdir -p "$CACHE/debs"
	run_logged "$log" unshare --mount --pid --fork --kill-child --propagation private \
		debootstrap --arch=amd64 --keyring="$(apt_keyring)" --cache-dir="$CACHE/debs" "$@" \
		"$suite" "$target" "$LAB_MIRROR" && return 0
	tail -n 5 "$target/debootstrap/debootstrap.log" >&2 2>/dev/null || true
	return 1
}

# apt inside a root: our verified indexes and one store of packages for all roots.
root_apt_setup()
{
	local suite=$1 root=$2
	cp "$(apt_keyring)" "$root/etc/apt/lab-keyring.gpg"
	sed 's#signed-by=[^]]*#signed-by=/etc/apt/lab-keyring.gpg#' "$CACHE/apt/$suite/sources.list" \
		>"$root/etc/apt/sources.list"
	# Acquire settings (proxy, date checks) are the machine's.
	apt-config dump Acquire | grep -v '^Acquire::IndexTargets' >"$root/etc/apt/apt.conf.d/90lab" || true
	cat >>"$root/etc/apt/apt.conf.d/90lab" <<-EOF
		Acquire::Languages "none";
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		APT::Keep-Downloaded-Packages "true";
		Binary::apt-get::APT::Keep-Downloaded-Packages "true";
	EOF
	mkdir -p "$root/usr/sbin"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
	cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true
}

# Some header packages depend on their image, and an image on an initramfs generator, which
# brings udev and systemd and half a minute of initrd making. Nothing boots a build root.
root_no_initramfs()
{
	local root=$1 d=$1/tmp/lab-no-initramfs
	mkdir -p "$d/DEBIAN"
	printf '%s\n' 'Package: lab-no-initramfs' 'Version: 1' 'Architecture: all' 'Maintainer: lab <root@localhost>' \
		'Provides: linux-initramfs-tool' 'Description: nothing boots this root' >"$d/DEBIAN/control"
	dpkg-deb -b "$d" "$d.deb" >/dev/null
	root_exec "$root" -- dpkg -i /tmp/lab-no-initramfs.deb >/dev/null
	rm -rf "$d" "$d.deb"
}

root_apt()
{
	local suite=$1 root=$2 binds=(-b "$CACHE/apt/$1/lists:/var/lib/apt/lists"
		-b "$CACHE/debs/archives-$1:/var/cache/apt/archives")
	shift 2
	mkdir -p "$CACHE/debs/archives-$suite/partial"
	[ -d /etc/apt/auth.conf.d ] && binds+=(-b /etc/apt/auth.conf.d:/etc/apt/auth.conf.d)
	# No initrd: see root_no_initramfs.
	root_exec "$root" "${binds[@]}" -- env INITRD=No apt-get -o APT::Default-Release= "$@"
}

root_make()
{
	local suite=$1 root=$CACHE/roots/$1 tmp=$CACHE/roots/$1.tmp
	root_is_made "$suite" && return 0
	rm -rf "$tmp"
	mkdir -p "$tmp/etc/dpkg/dpkg.cfg.d"
	printf '%s\n' force-unsafe-io 'path-exclude /usr/share/doc/*' 'path-exclude /usr/share/man/*' \
		'path-exclude /usr/share/locale/*' 'path-exclude /usr/share/info/*' >"$tmp/etc/dpkg/dpkg.cfg.d/lab"
	say "$suite: bootstrapping a build root (about a minute)"
	debootstrap_to "$suite" "$tmp" "$CACHE/logs/debootstrap-$suite.log" --variant=minbase ||
		die "$suite: debootstrap failed (log: $CACHE/logs/debootstrap-$suite.log)"
	root_apt_setup "$suite" "$tmp"
	root_no_initramfs "$tmp"
	say "$suite: installing compiler, sparse, dkms and mkfs.erofs"
	# shellcheck disable=SC2046
	run_logged "$CACHE/logs/root-$suite.log" root_apt "$suite" "$tmp" install -y $(root_packages) ||
		die "$suite: could not install the build tools (log: $CACHE/logs/root-$suite.log)"
	printf '%s %s\n' "$LAB_ROOT_FORMAT" "$(root_packages)" >"$tmp/.lab-root"
	rm -rf "$root"
	mv "$tmp" "$root"
}

root_is_made()
{
	[ "$(cat "$CACHE/roots/$1/.lab-root" 2>/dev/null)" = "$LAB_ROOT_FORMAT $(root_packages)" ]
}

root_has_headers()
{
	grep -qxF "$2 $3" "$CACHE/roots/$1/.lab-headers" 2>/dev/null &&
		[ -e "$CACHE/roots/$1/usr/src/linux-headers-$2/Makefile" ]
}

# Headers of one kernel id, at exactly the version of its image.
root_add_headers()
{
	local suite=$1 id=$2 rel=$3 ver=$4 root=$CACHE/roots/$1 t=()
	root_has_headers "$suite" "$rel" "$ver" && return 0
	say "$suite: installing headers of $rel"
	root_apt_setup "$suite" "$root"
	case $id in *-backports) t=(-t "$id") ;; esac
	run_logged "$CACHE/logs/headers-$id.log" root_apt "$suite" "$root" install -y "${t[@]}" \
		"linux-headers-$rel=$ver" ||
		die "$id: could not install linux-headers-$rel (log: $CACHE/logs/headers-$id.log)"
	[ -e "$root/usr/src/linux-headers-$rel/Makefile" ] ||
		die "$id: linux-headers-$rel has no /usr/src/linux-headers-$rel; cannot build for it"
	root_checker_script "$root"
	printf '%s %s\n' "$rel" "$ver" >>"$root/.lab-headers"
}

# Newer kernels ask a script of theirs whether the checker works before they honour C=2, and the
# header packages leave that script out: sparse would silently not run. This one asks by trying,
# with an operator that today's headers use and an old sparse does not know.
root_checker_script()
{
	# shellcheck disable=SC2016 # for the shell in the root, where "scripts" is an absolute link
	root_exec "$1" -- sh -ec '
		for d in /usr/src/linux-headers-*; do
			grep -qs "scripts/checker-valid\.sh" "$d/Makefile" || continue
			[ -d "$d/scripts" ] && [ ! -e "$d/scripts/checker-valid.sh" ] || continue
			cat >"$d/scripts/checker-valid.sh" <<-"EOF"
				#!/bin/sh
				f=$(mktemp) && echo "static __typeof_unqual__(int) x;" >"$f" && "$@" "$f" >/dev/null 2>&1 && echo 1
				rm -f "$f"
			EOF
			chmod +x "$d/scripts/checker-valid.sh"
		done'
}

# An older suite's sparse cannot read a newer kernel's headers, so all roots use the newest one:
# sid's, with the libraries it was linked against, in front of the root's own.
root_newest_sparse()
{
	local suite=$1 root=$CACHE/roots/$1 sid=$CACHE/roots/sid d=$CACHE/roots/$1/opt/sparse lib
	[ "$suite" != sid ] || return 0
	root_ensure sid
	[ "$sid/usr/bin/sparse" -nt "$d/made" ] || [ ! -e "$d/made" ] || return 0
	rm -rf "$d"
	mkdir -p "$d"
	cp -L "$sid/usr/bin/sparse" "$d/sparse"
	root_exec "$sid" -- ldd /usr/bin/sparse | sed -n 's/.*[[:space:]]\(\/[^ ]*\.so[^ ]*\) (.*/\1/p' |
		while read -r lib; do cp -L "$sid/$lib" "$d/"; done
	printf '#!/bin/sh\nexec /opt/sparse/ld-linux-x86-64.so.2 --library-path /opt/sparse /opt/sparse/sparse "$@"\n' \
		>"$root/usr/local/bin/sparse"
	chmod +x "$root/usr/local/bin/sparse"
	root_exec "$root" -- /usr/local/bin/sparse --version >/dev/null ||
		die "$suite: sid's sparse does not run in this root"
	touch "$d/made"
}

# root_ensure SUITE: the root, and the headers of all kernels that are built in it.
root_ensure()
{
	local suite=$1 id KR_VERSION KR_RELEASE
	root_check_suite "$suite"
	apt_ensure "$suite"
	root_is_made "$suite" || with_lock "root-$suite" root_make "$suite"
	for id in $(root_kernels "$suite"); do
		kernel_resolve "$id"
		root_has_headers "$suite" "$KR_RELEASE" "$KR_VERSION" ||
			with_lock "root-$suite" root_add_headers "$suite" "$id" "$KR_RELEASE" "$KR_VERSION"
	done
}

lab_run()
{
	local suite=${1:-} args=()
	root_check_suite "$suite"
	shift
	while [ "${1:-}" = -b ]; do
		args+=(-b "$2")
		shift 2
	done
	[ "${1:-}" = -- ] && shift
	[ $# -gt 0 ] || die "usage: lab run SUITE [-b HOST:GUEST].. -- CMD"
	root_ensure "$suite"
	root_exec "$CACHE/roots/$suite" "${args[@]}" -- "$@"
}

# Everything, the suites beside each other: each mostly waits for one download or one dpkg.
lab_all()
{
	local s job jobs=() rc=0
	for s in $LAB_SUITES; do
		(
			say "[1/2] $s: build root"
			root_ensure "$s"
			for id in $(root_kernels "$s"); do
				say "[2/2] $s: kernel $id"
				kernel_ensure "$id"
			done
			say "$s: ready"
		) &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do
		wait "$job" || rc=$?
	done
	return "$rc"
}
