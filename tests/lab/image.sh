# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# image.sh: EROFS images made by the mkfs.erofs of a chosen suite, and real directory trees.
# Rules: an image depends on its sources and options alone (fixed uuid, time stamp taken from
# the newest file); a tree is complete or absent.

LAB_TREE_FORMAT=1

# lab image SUITE OUT SRC [mkfs arguments]
image_make()
{
	local suite=${1:-} out=${2:-} src=${3:-} dir name uuid epoch auto=()
	[ $# -ge 3 ] || die "usage: lab image SUITE OUT SRC [mkfs.erofs arguments]"
	shift 3
	root_check_suite "$suite"
	[ -d "$src" ] || die "image: no such source directory: $src"
	root_ensure "$suite"
	mkdir -p "$(dirname "$out")"
	dir=$(cd "$(dirname "$out")" && pwd)
	name=$(basename "$out")
	src=$(cd "$src" && pwd)
	case " $* " in
	*" -U"*) ;;
	*)	uuid=$(printf '%s' "$name" | md5sum | cut -c1-32)
		auto+=(-U "${uuid:0:8}-${uuid:8:4}-4${uuid:13:3}-8${uuid:17:3}-${uuid:20:12}") ;;
	esac
	case " $* " in
	*" -T"*) epoch= ;;
	*)	# The newest time stamp in the tree: clamps nothing, and is the same tomorrow.
		epoch=$(find "$src" -printf '%T@\n' | LC_ALL=C sort -n | tail -n 1)
		epoch=$((${epoch%.*} + 1)) ;;
	esac
	mkdir -p "$CACHE/logs"
	rm -f "$dir/$name.tmp"
	run_logged "$CACHE/logs/image-$name.log" root_exec "$CACHE/roots/$suite" -b "$src:/mnt/src" -b "$dir:/mnt/out" -- \
		env ${epoch:+SOURCE_DATE_EPOCH="$epoch"} mkfs.erofs --quiet "${auto[@]}" "$@" "/mnt/out/$name.tmp" /mnt/src || {
		rm -f "$dir/$name.tmp"
		die "image: mkfs.erofs of $suite failed for $src with: $*"
	}
	mv "$dir/$name.tmp" "$dir/$name"
}

tree_path() { printf '%s\n' "$CACHE/trees/$1"; }

tree_is_made() { [ "$(cat "$CACHE/trees/$1.stamp" 2>/dev/null)" = "$LAB_TREE_FORMAT" ] && [ -d "$CACHE/trees/$1" ]; }

tree_ensure()
{
	case " $LAB_TREES " in *" $1 "*) ;; *) die "unknown tree '$1'; one of: $LAB_TREES" ;; esac
	tree_is_made "$1" && return 0
	case $1 in
	small)	root_ensure bookworm ;;
	demo-a)	apt_ensure bookworm ;;
	demo-b)	tree_ensure demo-a ;;
	esac
	with_lock "tree-$1" tree_make "$1"
}

tree_make()
{
	local name=$1 tree=$CACHE/trees/$1 tmp=$CACHE/trees/$1.tmp
	tree_is_made "$name" && return 0
	mkdir -p "$CACHE/trees" "$CACHE/logs"
	rm -rf "$tmp" "$tree"
	"tree_make_${name//-/_}" "$tmp"
	mv "$tmp" "$tree"
	printf '%s\n' "$LAB_TREE_FORMAT" >"$tree.stamp"
	say "tree $name: $(du -sh --apparent-size "$tree" | cut -f1) in $(find "$tree" | wc -l) names"
}

# Real files of every usual kind: programs, libraries, perl modules, links, many tiny files.
tree_make_small()
{
	local tmp=$1 root=$CACHE/roots/bookworm d
	mkdir -p "$tmp"
	for d in etc var/lib/dpkg/info usr/lib/x86_64-linux-gnu/perl-base usr/share/zoneinfo usr/share/perl5 \
		 usr/sbin usr/lib/x86_64-linux-gnu/gconv usr/share/bash-completion bin; do
		[ -d "$root/$d" ] || continue
		mkdir -p "$tmp/$d"
		if [ "$d" = bin ]; then
			cp -a "$root/bin/"{bash,cat,cp,find,grep,ls,mv,perl*,rm,sed,sh,sort,tar,touch} "$tmp/bin/"
		else
			cp -a "$root/$d/." "$tmp/$d/"
		fi
	done
}

tree_packages="nginx redis postgresql python3 perl"

tree_apt()
{
	local tmp=$1 log=$2
	shift 2
	run_logged "$log" root_apt bookworm "$tmp" -o APT::Install-Recommends=true "$@"
}

# The tree as a user would image it: no package caches, nothing of ours.
tree_clean()
{
	local tmp=$1
	rm -rf "$tmp"/etc/apt/apt.conf.d/90lab "$tmp"/usr/sbin/policy-rc.d "$tmp"/etc/dpkg/dpkg.cfg.d/lab \
		"$tmp"/var/lib/apt/lists/* "$tmp"/var/cache/apt/* "$tmp"/var/log/*.log "$tmp"/var/log/apt/* \
		"$tmp"/etc/resolv.conf "$tmp"/etc/hosts "$tmp"/debootstrap "$tmp"/tmp/*
	rm -f "$tmp/etc/apt/lab-keyring.gpg"
	: >"$tmp/etc/apt/sources.list"
}

# The point release as it was published: the suite alone.
tree_make_demo_a()
{
	local tmp=$1 log=$CACHE/logs/tree-demo-a.log
	mkdir -p "$tmp/etc/dpkg/dpkg.cfg.d"
	echo force-unsafe-io >"$tmp/etc/dpkg/dpkg.cfg.d/lab"
	say "tree demo-a: bootstrapping Debian bookworm (about a minute)"
	debootstrap_to bookworm "$tmp" "$CACHE/logs/debootstrap-demo-a.log" ||
		die "tree demo-a: debootstrap failed (log: $CACHE/logs/debootstrap-demo-a.log)"
	root_apt_setup bookworm "$tmp"
	sed -i '/ bookworm main$/!d' "$tmp/etc/apt/sources.list"
	say "tree demo-a: installing $tree_packages"
	# shellcheck disable=SC2086
	tree_apt "$tmp" "$log" install -y $tree_packages || die "tree demo-a: installing failed (log: $log)"
	tree_clean "$tmp"
}

# The same machine after its administrator applied the security and stable updates.
tree_make_demo_b()
{
	local tmp=$1 log=$CACHE/logs/tree-demo-b.log
	say "tree demo-b: copying demo-a and applying the security updates"
	cp -a "$CACHE/trees/demo-a" "$tmp"
	echo force-unsafe-io >"$tmp/etc/dpkg/dpkg.cfg.d/lab"
	root_apt_setup bookworm "$tmp"
	sed -i '/-backports main$/d' "$tmp/etc/apt/sources.list"
	tree_apt "$tmp" "$log" dist-upgrade -y || die "tree demo-b: the upgrade failed (log: $log)"
	grep -q '^Inst\|^Setting up ' "$log" || die "tree demo-b: no update was offered, so both trees would be the same (log: $log)"
	tree_clean "$tmp"
}
