#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# probe.sh KDIR [VARIABLE=VALUE...]: ask the kernel whose headers are in KDIR which APIs it has,
# and write the answers to compat_config.h beside this script. The variables go to Kbuild.
#
# Rules:
#  - Headers that are missing, a compiler that is broken: one line that says what and what to do, exit
#    status 1, and no compat_config.h is left that could be used. A kernel that we do not know how to
#    work with, though everything else is in order: the same, with exit status 77.
#  - Answers are kept with the key of what they were asked of (headers, compiler, probes); the same
#    key again costs nothing. When the kernel changes, objects built for the old one are removed.
#  - compat_config.h is replaced in one step, and only when its text changes.
set -euo pipefail
export LC_ALL=C

# Oldest kernel whose API the wrappers know.
min_major=6 min_minor=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
config=$here/compat_config.h
stamp=$here/.probe-stamp
log=$here/probe.log
kernel=unknown

status=1
die()
{
	rm -f "$config" "$stamp"
	printf 'erofs-ishare: %s\n' "$*" >&2
	exit "$status"
}

kdir=${1:-}
[ -n "$kdir" ] || die "probe.sh: usage: probe.sh KDIR [VARIABLE=VALUE...]"
shift

# ---- Are these headers, and of what? ----

# Which package brings the headers of a release, in the words of the distribution.
headers_package()
{
	if command -v dpkg >/dev/null 2>&1; then
		echo "linux-headers-$1"
	elif command -v rpm >/dev/null 2>&1; then
		echo "kernel-devel-$1"
	else
		echo "the kernel headers of $1"
	fi
}

if [ ! -f "$kdir/Makefile" ]; then
	case $kdir in
	/lib/modules/*/build|/usr/lib/modules/*/build)
		rel=${kdir%/build}
		rel=${rel##*/}
		die "no kernel headers for $rel in $kdir: install $(headers_package "$rel")," \
			"or name others with KVER= or KDIR=" ;;
	*)
		die "no kernel headers in $kdir: install linux-headers (Debian) or kernel-devel (RPM)" \
			"of that kernel, or name others with KVER= or KDIR=" ;;
	esac
fi
kdir=$(cd "$kdir" && pwd -P)

for f in include/config/kernel.release include/generated/autoconf.h; do
	[ -s "$kdir/$f" ] ||
		die "$kdir is not prepared for building modules (no $f): run 'make modules_prepare' there"
done
# The name that uname -r and /lib/modules use; Debian's 6.1 has another one in kernel.release.
kernel=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' "$kdir/include/generated/utsrelease.h" 2>/dev/null) || :
[ -n "$kernel" ] || read -r kernel <"$kdir/include/config/kernel.release"

case $kernel in
[0-9]*.[0-9]*) ;;
*) die "$kdir: cannot read the kernel release '$kernel'" ;;
esac
major=${kernel%%.*}
minor=${kernel#*.}
minor=${minor%%[!0-9]*}
if [ "$major" -lt $min_major ] || { [ "$major" -eq $min_major ] && [ "$minor" -lt $min_minor ]; }; then
	die "kernel $kernel is too old: $min_major.$min_minor or later is needed"
fi
[ -s "$kdir/Module.symvers" ] ||
	die "kernel $kernel: $kdir has no Module.symvers, so exports are unknown: build the kernel there" \
		"('make modules'), or use its headers package"

# ---- The same question as last time? ----

compiler=
for v in "$@"; do
	case $v in CC=*|LLVM=*) compiler=${v#*=} ;; esac
done
kernel_key="$kdir $kernel $(cat "$kdir/Module.symvers" "$kdir/include/generated/autoconf.h" | cksum) $*"
probe_key="$(cat "$here/probe.sh" "$here"/probes/* | cksum) ${compiler:-$(${CC:-gcc} -dumpfullversion 2>/dev/null || :)}"

if [ -f "$config" ] && [ -f "$stamp" ] &&
   [ "$(cat "$stamp")" = "$kernel_key"$'\n'"$probe_key" ]; then
	exit 0
fi
if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" != "$kernel_key" ]; then
	old=$(find "$here/.." \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name 'modules.order' -o -name 'Module.symvers' \) -type f -print -delete)
	[ -z "$old" ] || echo "erofs-ishare: removed what was built for another kernel"
fi
rm -f "$stamp"

work=$(mktemp -d "$here/.probe.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here"/probes/*.c "$work"
probes=()
for c in "$work"/*.c; do
	c=${c##*/}
	probes+=("${c%.c}")
done

# ---- Exports first: what is not exported needs no compiler ----

# exports_of FILE...: what the "@export" lines name. Symbols in a "module:" namespace are for the
# modules named there only.
exports_of() { sed -n 's/^ \* @export //p' "$@" | tr ' ' '\n'; }
exports_of "$work"/*.c | sort -u >"$work/wanted"
awk -F'\t' 'NR == FNR { want[$1]; next }
	($2 in want) && $4 ~ /^EXPORT_SYMBOL/ && $5 !~ /^module:/ { print $2 }' \
	"$work/wanted" "$kdir/Module.symvers" | sort -u >"$work/exported"
comm -23 "$work/wanted" "$work/exported" >"$work/missing"

: >"$log"
declare -A missing answer
for p in "${probes[@]}"; do
	answer[$p]=0
	missing[$p]=$(exports_of "$work/$p.c" | grep -Fxf "$work/missing" | head -n 1) || :
done

[ -n "${missing[self_no_export]}" ] && [ -z "${missing[self_yes]}" ] ||
	die "kernel $kernel: the export look-up in $kdir/Module.symvers does not work"

# unsupported PROBE WHY: the end, when an API is not there that has to be.
unsupported()
{
	status=77
	die "kernel $kernel cannot be supported, its API differs in $(sed -n 's/^ \* @need //p' "$work/$1.c"):" \
		"$2 (probes/$1.c, $log); a newer version of erofs-ishare may know it, else report it with that log"
}
for p in "${probes[@]}"; do
	case $p in need_*) [ -z "${missing[$p]}" ] || unsupported "$p" "not exported: ${missing[$p]}" ;; esac
done

# ---- Ask: one parallel batch, which keeps going where a probe does not compile ----

# The outer make's options (W=, C=, -j and its job server) are not meant for this one.
unset MAKEFLAGS MFLAGS GNUMAKEFLAGS MAKELEVEL MAKEOVERRIDES KBUILD_EXTMOD KBUILD_CHECKSRC KBUILD_EXTRA_WARN

# compile PROBE...: leaves PROBE.s where it does. Assembler output is enough to know, and asks
# nothing of objtool, debug information or modpost. What gcc 14 calls an error, older ones must
# call one as well.
compile()
{
	{
		echo "always-y := ${*/%/.s}"
		cat <<-'KBUILD'
			ccflags-y := -Werror=implicit-function-declaration -Werror=incompatible-pointer-types
			ccflags-y += -Werror=int-conversion -Werror=implicit-int -Werror=discarded-qualifiers
			ccflags-y += -Wno-unused -Wno-missing-prototypes -Wno-missing-declarations
		KBUILD
	} >"$work/Kbuild"
	make -k -j"$(nproc 2>/dev/null || echo 1)" -C "$kdir" "M=$work" "${make_args[@]}" W= C=0 modules >>"$log" 2>&1 || :
}
make_args=("$@")

# The APIs that must be there are asked for in one piece, for parsing headers is what costs time.
batch=(need_all)
for p in "${probes[@]}"; do
	case $p in
	need_*)	echo "#include \"$p.c\"" >>"$work/need_all.c" ;;
	*)	[ -n "${missing[$p]}" ] || batch+=("$p") ;;
	esac
done
echo "erofs-ishare: asking kernel $kernel for its APIs"
compile "${batch[@]}"

# ---- Can the answers be believed? ----

[ -f "$work/self_yes.s" ] ||
	die "kernel $kernel: cannot compile a trivial probe against $kdir: $(
		{ grep -m 1 -iE 'error|not found|cannot|unrecognized' "$log" || tail -n 1 "$log"; } |
		sed "s|$work/||") (all of it: $log)"
[ ! -f "$work/self_no.s" ] ||
	die "kernel $kernel: a probe that must fail compiled: this compiler ignores errors (see $log)"

# ---- Is everything there that has to be? ----

if [ ! -f "$work/need_all.s" ]; then
	mapfile -t batch < <(printf '%s\n' "${probes[@]}" | grep '^need_')
	compile "${batch[@]}"
fi

for p in "${probes[@]}"; do
	case $p in
	need_*)	[ -f "$work/need_all.s" ] || [ -f "$work/$p.s" ] || continue ;;
	*)	[ -f "$work/$p.s" ] || continue ;;
	esac
	answer[$p]=1
done

for p in "${probes[@]}"; do
	case $p in need_*) ;; *) continue ;; esac
	# Why, in few words: the first error of the compiler.
	[ "${answer[$p]}" = 1 ] || unsupported "$p" "$(awk -v file="$p.c:" 'index($0, file) { mine = 1 }
		mine && sub(/.*error: /, "") { print; found = 1; exit }
		END { if (!found) print "does not compile" }' "$log")"
done

while IFS=: read -r names text; do
	case $names in ''|'#'*) continue ;; esac
	found=0
	for p in $names; do
		found=$((found | answer[$p]))
	done
	[ "$found" = 1 ] || {
		status=77
		die "kernel $kernel has no known way for${text}: none of ${names// /, } compiles (see $log);" \
			"a newer version of erofs-ishare may know it, else report it with that log"
	}
done <"$here/probes/alternatives"

# ---- Write the answers down ----

{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	echo "/* Written by probe.sh for kernel $kernel; what each one means is told in probes/. */"
	for p in "${probes[@]}"; do
		case $p in self_*|need_*) continue ;; esac
		printf '#define HAVE_%s %s\n' "${p^^}" "${answer[$p]}"
	done
} >"$work/config"
cmp -s "$work/config" "$config" || mv "$work/config" "$config"
printf '%s\n%s\n' "$kernel_key" "$probe_key" >"$work/stamp"
mv "$work/stamp" "$stamp"
