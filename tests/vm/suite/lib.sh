# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# lib.sh: what every test of the suite uses in the guest. Sourced by run; tests are functions
# handed to `t`. Rules: a test's output is shown only when it failed; exit 3 with a line
# "MISSING what" is a skip with its reason; nothing else is skipped.

FSTYPE=${FSTYPE:-erofs-ishare}
DATA=/data
IMG=$DATA/images
T=${T:-/tmp/t}
MNT=${MNT:-/mnt}
MODULE=erofs_ishare

# busybox's shell prefers its own applets to the programs of the same name in PATH.
for _p in mount umount losetup findmnt setpriv blockdev; do
	eval "$_p() { /bin/$_p \"\$@\"; }"
done

# The disk of prepare-zip takes the place of the other one: images, manifests, table.
zip_disk()
{
	DATA=/zip
	IMG=$DATA/images
	mkdir -p $DATA
	grep -q " $DATA " /proc/mounts || mount -t ext4 -o ro /dev/vdc $DATA || die "no disk of compressed images"
}

# --- results -----------------------------------------------------------------------------

t()			# NAME COMMAND...
{
	_name=$1
	shift
	_rc=0
	_before=$(cat /proc/mounts)
	_t0=$(uptime_cs)
	( "$@" ) >"$T/out" 2>&1 || _rc=$?
	[ -z "$TIMES" ] || note "$(($(uptime_cs) - _t0)) cs: $_name"
	report "$_name" "$_rc"
	[ $_rc = 0 ] || tidy
}

# Hundredths of a second; TIMES=1 tells how long each test took.
uptime_cs() { [ -z "$TIMES" ] || cut -d' ' -f1 /proc/uptime | tr -d .; }

# What a failed test left mounted below $MNT must not trouble the next one.
tidy()
{
	awk -v d="$MNT/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r | while read -r _d; do
		case $_before in
		*" $_d "*) ;;
		*) umount -l "$_d" ;;
		esac
	done
}

# A test may have a function named like a program: `command` passes it by.
report()		# NAME EXIT-CODE, output in $T/out
{
	case $2 in
	0)	echo "ok - $1" ;;
	3)	echo "ok - $1 # SKIP $(command sed -n 's/^MISSING //p' "$T/out" | command head -n 1)" ;;
	*)	echo "not ok - $1 # exit $2: $(command grep -a . "$T/out" | command head -n 1 | command cut -c1-200)"
		command head -n 25 "$T/out" | command cut -c1-300 | command sed 's/^/#   /' ;;
	esac
}

note() { echo "# $*"; }
missing() { echo "MISSING $*"; exit 3; }
die() { echo "$*"; exit 1; }

# The exact output of a command; shows both when they differ.
expect()		# WANTED COMMAND...
{
	_want=$1
	shift
	_got=$("$@" 2>&1) || true
	[ "$_got" = "$_want" ] || die "$*: gives '$_got', should be '$_want'"
}

# Everything that nobody uses leaves the page cache: the first write empties the batches of pages on
# their way to the LRU lists, which drop_caches passes by.
drop_caches()
{
	echo 1 >/proc/sys/vm/compact_memory
	echo 3 >/proc/sys/vm/drop_caches
}

# --- mounting ----------------------------------------------------------------------------

ours() { [ "$FSTYPE" = erofs-ishare ]; }
ours_only() { ours || missing "about erofs-ishare, the suite runs on $FSTYPE"; }

# Ours mounts image files itself, on every kernel. The in-tree driver goes over loop devices: it does
# not know files everywhere, and where it does it cannot read the last partial page of one.
by_file() { [ "$1" = erofs-ishare ]; }

loops=
loop()			# FILE [ARGS]: a loop device, in $dev; freed by `loops_free`
{
	dev=$(eistool loop "$@") || die "loop $1: $dev"
	loops="$loops $dev"
}
loops_free() { for _d in $loops; do eistool loop -d "$_d"; done; loops=; }

# mnt_as TYPE SOURCE DIR [OPTIONS]: image file if the type can, else through loop devices
mnt_as()
{
	_type=$1 _src=$2 _opts=ro${4:+,$4}
	mkdir -p "$3"
	if ! by_file "$_type"; then
		loop "$_src"
		_src=$dev
		_new=
		for _o in $(echo "$_opts" | tr , ' '); do
			case $_o in device=*)
				loop "${_o#device=}"
				_o=device=$dev ;;
			esac
			_new=$_new,$_o
		done
		_opts=${_new#,}
	fi
	_out=$(eistool mount -o "$_opts" "$_type" "$_src" "$3") || {
		_rc=$?
		echo "mount -t $_type -o $_opts $_src: $_out"
		return $_rc
	}
}
mnt() { mnt_as "$FSTYPE" "$@"; }
mnt_disk()		# SOURCE DIR [OPTIONS]: as a block device
{
	loop "$1"
	mkdir -p "$2"
	_out=$(eistool mount -o "ro${3:+,$3}" "$FSTYPE" "$dev" "$2") || {
		_rc=$?
		echo "mount -t $FSTYPE $dev ($1): $_out"
		return $_rc
	}
}
unmnt()			# DIR...
{
	for _d in "$@"; do
		eistool umount "$_d" || die "umount $_d failed"
	done
	loops_free
}

same_manifest()		# DIR MANIFEST-FILE [OPTIONS]
{
	_dir=$1 _man=$2
	shift 2
	eistool manifest "$_dir" "$@" >"$T/manifest" || { tail -n 20 "$T/manifest"; die "manifest of $_dir failed"; }
	cmp -s "$_man" "$T/manifest" && return 0
	echo "$(diff "$_man" "$T/manifest" | grep -c '^[-+][^-+]') lines differ (- source tree, + mount):"
	diff -U0 "$_man" "$T/manifest" | grep '^[-+][^-+]' | cut -c1-300 | head -n 20
	return 1
}

pages_equal() { eistool pfn --compare "$1" "$2"; }
pages_differ()		# no page in common
{
	_o=$(eistool pfn --compare "$1" "$2")
	case $_o in
	shared=0\ different=[1-9]*\ absent=0) echo "$_o" ;;
	*) die "$1 and $2: $_o, nothing may be shared" ;;
	esac
}

# --- the kernel log ----------------------------------------------------------------------

log_mark() { MARK="eis-suite-mark-$$-$(cat /proc/sys/kernel/random/uuid)"; echo "$MARK" >/dev/kmsg; }
log_since() { dmesg | sed -n "/$MARK/,\$p" | grep -av eis-suite-mark | sed 's/^\[[^]]*\] //'; }

# Our lines since the mark: prefix of the driver.
log_ours() { log_since | grep -a 'erofs[-_]ishare'; }

# Lines of the kernel log on stdin that say that somebody is stuck. A soft lockup counts where this driver is on the stack:
# see tests/vm/run, the host may leave an emulated CPU alone for that long. The others always count.
stuck_lines()
{
	awk '
		/blocked for more than|rcu.*detected (expedited )?stall|page allocation failure/ { print }
		/BUG: soft lockup/ { head = $0; left = 100 }
		left && /\[erofs_ishare[] ]/ { print head; left = 0 }
		left && /<\/TASK>/ { left = 0 }
		left { left-- }'
}

module_loaded() { [ -d /sys/module/$MODULE ]; }

# All mounts gone: the module can be unloaded, and its slabs are gone with it.
unload_module()
{
	ours_only
	module_loaded || { modprobe $MODULE || die "modprobe failed"; }
	_out=$(eistool module unload $MODULE) || {
		grep -a erofs /proc/mounts
		die "unload: $_out, reference count $(cat /sys/module/$MODULE/refcnt 2>/dev/null)"
	}
	module_loaded && die "still loaded"
	if [ -r /proc/slabinfo ] && grep -a 'eis_\|erofs_ishare' /proc/slabinfo; then
		die "slabs left behind"
	fi
	modprobe $MODULE || die "modprobe after unloading failed"
}
