#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs what the Makefile built, proves that src/format is freestanding, and adds
# everything up: TAP lines, then "N passed, N failed, N skipped".
#
# Rules: a program that ends without its summary line has failed. Exit status 0
# exactly when nothing failed.
set -euo pipefail
cd "$(dirname "$0")"

top=../..
out=build
cc=${CC:-gcc}
number=0 passed=0 failed=0 skipped=0

# verdict ok|not-ok|skip NAME [REASON]
verdict() {
	number=$((number + 1))
	case $1 in
	ok)	passed=$((passed + 1)); echo "ok $number - $2" ;;
	skip)	skipped=$((skipped + 1)); echo "ok $number - $2 # SKIP $3" ;;
	*)	failed=$((failed + 1)); echo "not ok $number - $2" ;;
	esac
}

# test_that NAME COMMAND...: the command's output is printed when it fails
test_that() {
	local name=$1 text
	shift
	if text=$("$@" 2>&1); then
		verdict ok "$name"
	else
		[ -z "$text" ] || echo "${text//$'\n'/$'\n'# }" | sed '1s/^/# /'
		verdict not-ok "$name"
	fi
}

# run_program LABEL FILE: pass its TAP lines on, numbered anew
run_program() {
	local label=$1 file=$2 line name log=$out/$1.log ended=0 status=0
	"$file" >"$log" 2>&1 || status=$?
	while IFS= read -r line; do
		name=${line#*ok * - }
		case $line in
		"ok "*" # SKIP "*)
			verdict skip "$label: ${name%% # SKIP *}" "${name#* # SKIP }" ;;
		"ok "*)		verdict ok "$label: $name" ;;
		"not ok "*)	verdict not-ok "$label: $name" ;;
		*" passed, "*" failed, "*" skipped")	ended=1 ;;
		"# "*)		echo "$line" ;;
		*)		echo "# $line" ;;
		esac
	done <"$log"
	[ "$ended" = 1 ] || verdict not-ok "$label: ran to its end (exit status $status)"
	[ "$status" = 0 ] || [ "$failed" -gt 0 ] || verdict not-ok "$label: exit status $status"
}

freestanding_flags=(-std=gnu11 -O2 -nostdinc -ffreestanding -nostdlib -DEROFS_FREESTANDING
	-Wall -Wextra -Werror -Wdeclaration-after-statement -Wmissing-prototypes -Wvla
	-Wframe-larger-than=1023 -fstack-usage -I"$top/include")

undefined_symbols() {
	local bits=$1 unknown
	"$cc" "-m$bits" -r -nostdlib -o "$out/free$bits/all.o" "$out/free$bits"/format_*.o
	unknown=$(nm -u "$out/free$bits/all.o" | awk '{ print $NF }' |
		grep -Evx 'memcpy|memset|memcmp|memmove|erofs_xxh32|_GLOBAL_OFFSET_TABLE_' || true)
	[ -z "$unknown" ] || { echo "undefined: $unknown"; return 1; }
}

# The stack that one function takes, from -fstack-usage
stack_below() {
	local bits=$1 function=$2 limit=$3 used
	used=$(awk -F'[:\t]' -v f="$function" '$4 == f { print $5 }' "$out/free$bits"/*.su)
	[ -n "$used" ] || { echo "$function: no stack usage known"; return 1; }
	[ "$used" -lt "$limit" ] || { echo "$function takes $used bytes"; return 1; }
}

for bits in 64 32; do
	rm -rf "$out/free$bits"
	mkdir -p "$out/free$bits"
	for file in "$top"/src/format/*.c; do
		name=$(basename "$file" .c)
		test_that "freestanding, $bits-bit: $name.c" "$cc" "-m$bits" \
			"${freestanding_flags[@]}" -c -o "$out/free$bits/format_$name.o" "$file"
	done
	test_that "freestanding, $bits-bit: no undefined symbols" undefined_symbols "$bits"
	test_that "freestanding, $bits-bit: erofs_xattr_list stack below 600 bytes" \
		stack_below "$bits" erofs_xattr_list 600
done
run_program 64-bit "$out/unit64"
run_program 32-bit "$out/unit32"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
