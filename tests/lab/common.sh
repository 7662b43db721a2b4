# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# common.sh: messages, the cache, locks, and running commands inside a root directory.
# Sourced by tests/lab/lab and by the other test scripts; only defines things.
# Rule: stdout carries results (paths), stderr carries progress.

# When sudo re-executes us, the cache stays the calling user's.
CACHE=${EIS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/erofs-ishare}
# shellcheck disable=SC2034 # used by those who source this
LAB_SUITES="bookworm trixie sid"
# shellcheck disable=SC2034
LAB_KERNELS="bookworm bookworm-backports trixie trixie-backports sid"
# shellcheck disable=SC2034
LAB_TREES="small demo-a demo-b"

say()  { printf 'lab: %s\n' "$*" >&2; }
warn() { printf 'lab: warning: %s\n' "$*" >&2; }
die()  { printf 'lab: error: %s\n' "$*" >&2; exit 1; }

# Only root can make device nodes and change roots. With sudo we come back as root.
need_root()
{
	[ "$(id -u)" -eq 0 ] && return 0
	command -v sudo >/dev/null 2>&1 ||
		die "'lab ${1:-}' needs root (debootstrap, chroot): run it as root, or install sudo"
	exec sudo EIS_CACHE="$CACHE" ${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} "$LAB_DIR/lab" "$@"
}

# as_root WHAT "VARIABLE..." SCRIPT ARGS...: what a script begins with that does all by itself: packages, which may come
# by sudo, and the rest as root. sudo drops variables; those named go along.
as_root()
{
	local what=$1 v vars=()
	"$LAB_DIR/lab" packages >&2
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo >/dev/null 2>&1 || die "$what needs root (debootstrap, chroot): run it as root, or install sudo"
	for v in http_proxy https_proxy $2; do
		[ -z "${!v:-}" ] || vars+=("$v=${!v}")
	done
	shift 2
	exec sudo EIS_CACHE="$CACHE" "${vars[@]}" "$@"
}

# with_lock NAME FUNCTION ARGS...: one process at a time; the lock ends with the subshell.
with_lock()
{
	local name=$1 lfd
	shift
	mkdir -p "$CACHE/lock"
	(
		exec {lfd}>"$CACHE/lock/$name"
		if ! flock -n "$lfd"; then
			say "waiting for another lab command that prepares '$name'"
			flock "$lfd"
		fi
		export LAB_LOCK_FD=$lfd
		"$@"
	)
}

# run_logged LOGFILE CMD...: quiet on success; on failure shows the end of the log and where it is.
run_logged()
{
	local log=$1 rc=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	if [ "$rc" -ne 0 ]; then
		tail -n 25 "$log" >&2
		say "failed (exit $rc): $1; whole log: $log"
	fi
	return "$rc"
}

# root_exec ROOT [-b HOST:GUEST]... -- CMD...
# Runs CMD in ROOT with /proc, /sys and /dev/pts of its own mount namespace (objtool reads
# /proc/self/...), so that nothing stays mounted however the command ends.
root_exec()
{
	local root=$1 binds=()
	shift
	while [ "${1:-}" = -b ]; do
		binds+=("$2")
		shift 2
	done
	[ "${1:-}" = -- ] && shift
	# shellcheck disable=SC2016
	ROOT=$root unshare --mount --pid --fork --kill-child --propagation private bash -c '
		set -e
		n=$1; shift
		mount -t proc proc "$ROOT/proc"
		mount -t sysfs -o ro sysfs "$ROOT/sys" 2>/dev/null || true
		mount -t devpts devpts "$ROOT/dev/pts" 2>/dev/null || true
		mount -t tmpfs -o mode=1777 shm "$ROOT/dev/shm" 2>/dev/null || true
		while [ "$n" -gt 0 ]; do
			h=${1%%:*}; g=$ROOT${1#*:}; shift; n=$((n - 1))
			if [ -d "$h" ]; then mkdir -p "$g"
			else mkdir -p "$(dirname "$g")"; [ -e "$g" ] || : >"$g"
			fi
			mount --bind "$h" "$g"
		done
		exec chroot "$ROOT" /usr/bin/env -i HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TERM=dumb \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true \
			${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
			"$@"
	' root_exec "${#binds[@]}" "${binds[@]}" "$@"
}

# What the host side calls by name, and the package each comes from.
lab_tools="debootstrap:debootstrap qemu-system-x86_64:qemu-system-x86 cpio:cpio modprobe:kmod sparse:sparse
gcc:gcc make:make mkfs.ext4:e2fsprogs xz:xz-utils zstd:zstd setfattr:attr setfacl:acl rsync:rsync flock:util-linux
gpgv:gpgv git:git python3:python3"

lab_packages()		# [PACKAGE...]: besides those that all need
{
	local missing=() t tool pkg as=()
	for t in $lab_tools; do
		tool=${t%%:*} pkg=${t#*:}
		PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null 2>&1 || missing+=("$pkg")
	done
	for pkg in busybox-static libc6-dev gcc-multilib liblzma-dev liblz4-dev libzstd-dev zlib1g-dev \
			libssl-dev libxxhash-dev libmount-dev pkg-config man-db debian-archive-keyring ca-certificates "$@"; do
		dpkg-query -W -f '${Status}\n' "$pkg" 2>/dev/null | grep -q ' installed$' || missing+=("$pkg")
	done
	if [ ${#missing[@]} -eq 0 ]; then
		say "packages: all present"
		return 0
	fi
	command -v apt-get >/dev/null 2>&1 ||
		die "this machine has no apt-get; the tests need a Debian machine"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 ||
			die "missing packages: ${missing[*]}; run as root: apt-get install ${missing[*]}"
		as=(sudo)
	fi
	say "packages: installing ${missing[*]}"
	mkdir -p "$CACHE/logs"
	if ! "${as[@]}" apt-get -o Acquire::Retries=3 update >"$CACHE/logs/packages.log" 2>&1 ||
	   ! "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install -y \
			--no-install-recommends "${missing[@]}" >>"$CACHE/logs/packages.log" 2>&1; then
		tail -n 15 "$CACHE/logs/packages.log" >&2
		die "apt-get could not install: ${missing[*]} (log: $CACHE/logs/packages.log)"
	fi
}

lab_status()
{
	local d
	printf 'cache: %s\n' "$CACHE"
	[ -d "$CACHE" ] || { echo "  (empty)"; return 0; }
	for d in "$CACHE"/roots/* "$CACHE"/kernels/* "$CACHE"/trees/* "$CACHE"/images "$CACHE"/debs "$CACHE"/apt "$CACHE"/logs; do
		[ -e "$d" ] || continue
		case $d in *.tmp) printf '  %-32s (unfinished)\n' "${d#"$CACHE"/}"; continue ;; esac
		printf '  %-32s %s' "${d#"$CACHE"/}" "$(du -sh "$d" 2>/dev/null | cut -f1)"
		[ -f "$d/env" ] && printf '  %s' "$(sed -n 's/^KRELEASE=//p' "$d/env")"
		printf '\n'
	done
}
