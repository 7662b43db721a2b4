#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# inside.sh SUITE: runs in a throw-away root that has headers, a compiler and dkms; /tree is the
# source. Verdicts go to descriptor 3 ("ok - name", "not ok - name # why"), then the word "end".
# Rule: a check looks at the result a user would see (modinfo, files, status), not at exit codes
# alone; and what must not be there is looked for everywhere it could be.
set -uo pipefail

suite=$1
cd /tree || exit 1
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)
read -ra kernels < <(cd /lib/modules && for k in *; do [ -e "$k/build/Makefile" ] && printf '%s ' "$k"; done; echo)
first=${kernels[0]}

ok()	{ echo "ok - $*" >&3; }
not_ok() { local name=$1; shift; echo "not ok - $name # $*" >&3; }
skip()	{ local name=$1; shift; echo "ok - $name # SKIP $*" >&3; }
# check NAME COMMAND...: output of a failing command is its reason.
check()
{
	local name=$1 out
	shift
	echo "=== $name: $*"
	if out=$("$@" 2>&1); then
		echo "$out"
		ok "$name"
	else
		echo "$out"
		not_ok "$name" "$(printf '%s' "$out" | tail -n 1)"
	fi
}

# ---- What a user sees ----

module_of() { modinfo -k "$1" -n erofs_ishare 2>/dev/null; }

# The module of a kernel is there, is the version we built, and is found by mount.
installed()
{
	local k=$1 file
	file=$(module_of "$k") || { echo "modinfo finds no module for $k"; return 1; }
	case $file in
	*/updates/dkms/*) ;;
	*) echo "module is at $file, not below updates/dkms"; return 1 ;;
	esac
	[ "$(modinfo -k "$k" -F version erofs_ishare)" = "$version" ] ||
		{ echo "version is '$(modinfo -k "$k" -F version erofs_ishare)', not $version"; return 1; }
	[ "$(modinfo -k "$k" -F vermagic erofs_ishare | cut -d' ' -f1)" = "$k" ] ||
		{ echo "built for '$(modinfo -k "$k" -F vermagic erofs_ishare)'"; return 1; }
	# What "mount -t erofs-ishare" asks modprobe for.
	modprobe -n -S "$k" --show-depends fs-erofs-ishare | grep -q 'erofs_ishare\.ko' ||
		{ echo "modprobe -S $k fs-erofs-ishare does not find it"; return 1; }
	dkms status erofs-ishare/"$version" -k "$k" | grep -q installed ||
		{ echo "dkms status: $(dkms status)"; return 1; }
}

# A source that can be told from the released one, in what it builds: by a word, by its version.
mark()
{
	sed -i '/^MODULE_INFO(eis_test, /d' src/vfs/main.c
	echo "MODULE_INFO(eis_test, \"$1\");" >>src/vfs/main.c
}
marked()		# KERNEL WORD
{
	local word
	word=$(modinfo -k "$1" -F eis_test erofs_ishare)
	[ "$word" = "$2" ] || { echo "the module for $1 is of the source '$word', not '$2'"; return 1; }
}
set_version()
{
	version=$1
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$version\"/" dkms.conf
}
# This version is all that DKMS and /usr/src have of us.
only_this_version()
{
	local other
	other=$(dkms status erofs-ishare | grep -vF "erofs-ishare/$version,")
	[ -z "$other" ] || { echo "dkms status: $other"; return 1; }
	other=$(find /usr/src -maxdepth 1 -name 'erofs-ishare-*' ! -name "erofs-ishare-$version")
	[ -z "$other" ] || { echo "left behind: $other"; return 1; }
}
released=$version
next=${version%.*}.$((${version##*.} + 1))

all_installed()
{
	local k
	for k in "${kernels[@]}"; do
		installed "$k" || return 1
	done
}

nothing_left()
{
	local left
	left=$(find /usr/src /var/lib/dkms /lib/modules /usr/lib/modules -name '*erofs[-_]ishare*' 2>/dev/null)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
	left=$(grep -l 'erofs.ishare' /lib/modules/*/modules.{alias,dep} 2>/dev/null)
	[ -z "$left" ] || { echo "still mentioned in $left"; return 1; }
	left=$(dkms status erofs-ishare)
	[ -z "$left" ] || { echo "dkms status: $left"; return 1; }
}

# fails_with TEXT LINES COMMAND...: it fails, says TEXT, and "erofs-ishare:" on LINES lines.
fails_with()
{
	local text=$1 lines=$2 out
	shift 2
	if out=$("$@" 2>&1); then
		echo "it succeeded"
		return 1
	fi
	[[ $out == *"$text"* ]] || { echo "does not say '$text': $out"; return 1; }
	[ "$(grep -c '^erofs-ishare: [^a]' <<<"$out")" -eq "$lines" ] ||
		{ echo "not $lines line(s) of ours: $out"; return 1; }
	[ ! -e src/erofs_ishare.ko ] && [ ! -e src/compat/compat_config.h ] ||
		{ echo "left a module or compat_config.h behind"; return 1; }
}

# A header directory like the one of kernel $2, but with one file of its own ($3).
fake_headers()
{
	local dir=$1 real=/lib/modules/$2/build own=$3 f
	real=$(readlink -f "$real")
	mkdir -p "$dir"
	cp -a "$real/." "$dir"
	f=$dir/$own
	rm -f "$f"
	cat >"$f"
}

# ---- make install ----

check "there are kernels to build for" test -n "$first"

# dkms runs depmod only where a kernel's own modules are. The root has headers of kernels whose
# image it does not have, and whole images elsewhere: one module each says "installed" as well.
some=$(find /lib/modules/ -name '*.ko*' -path '*/kernel/*' -size -16k | head -n 1)
cp "$some" /tmp/
for k in "${kernels[@]}"; do
	rm -rf "/lib/modules/$k/kernel"
	mkdir "/lib/modules/$k/kernel"
	cp "/tmp/${some##*/}" "/lib/modules/$k/kernel"
	depmod "$k"
done
check "make install for $first" make install KVER="$first"
check "installed, found by mount -t, for $first only" eval \
	'installed "$first" && for k in "${kernels[@]:1}"; do ! module_of "$k" || exit 1; done'
for k in "${kernels[@]:1}"; do
	check "dkms builds for $k, as for a kernel that arrives later" dkms autoinstall -k "$k"
	check "installed for $k" installed "$k"
done
if [ "$suite" = bookworm ]; then
	check "make install once more replaces it" make install KVER="$first"
else
	make uninstall && make modules_install KVER="$first"
	check "make install replaces what make modules_install has installed" eval \
		'make install KVER=$first && installed "$first" && [ "$(find /lib/modules/$first/ -name "erofs_ishare.ko*" | wc -l)" = 1 ]'
fi
check "the build is the released source" eval \
	'! find /usr/src/erofs-ishare-$version -name "*.o" -o -name "compat_config.h" -o -name ".probe*" | grep .'
check "make uninstall" make uninstall
check "nothing is left after make uninstall" nothing_left

# ---- make modules_install ----

# What a mount would find, and the time at which depmod has written.
modules_seen() { find /lib/modules/ -printf '%p %l %s %T@\n' | sort; }
# stages_to DIRECTORY VARIABLE=VALUE...: the module goes there, and nothing of this system changes.
stages_to()
{
	local dir=$1 before found
	shift
	before=$(modules_seen)
	make modules_install KVER="$first" "$@" || return 1
	diff <(echo "$before") <(modules_seen) || { echo "changed what is below /lib/modules"; return 1; }
	# What was built here, and what the lab has built in this root, is not meant.
	found=$(find / -xdev \( -path /tree/src -o -path /build \) -prune -o -name 'erofs_ishare.ko*' -print)
	[[ $found == "$dir/lib/modules/$first/updates/erofs_ishare.ko"* && $found != *$'\n'* ]] ||
		{ echo "module is at '$found', not below $dir"; return 1; }
}
installed_without_dkms()
{
	[[ $(module_of "$first") == */updates/erofs_ishare.ko* ]] || { echo "modinfo finds '$(module_of "$first")'"; return 1; }
	modprobe -n -S "$first" --show-depends fs-erofs-ishare | grep -q 'erofs_ishare\.ko' ||
		{ echo "modprobe -S $first fs-erofs-ishare does not find it"; return 1; }
}

check "make modules_install DESTDIR= stages" stages_to /tmp/stage DESTDIR=/tmp/stage
rm -rf /tmp/stage
check "make modules_install DESTDIR= INSTALL_MOD_PATH= stages below both" \
	stages_to /tree/stage/sub DESTDIR=stage INSTALL_MOD_PATH=/sub
check "make modules_install for $first" make modules_install KVER="$first"
check "installed without DKMS" installed_without_dkms
check "make uninstall DESTDIR= takes away what was staged" eval \
	'make uninstall DESTDIR=stage INSTALL_MOD_PATH=/sub && ! find stage -name "erofs_ishare*" | grep .'
check "and nothing else" installed_without_dkms
rm -rf stage
check "make uninstall after make modules_install" make uninstall
make clean
check "nothing is left of make modules_install" nothing_left

# ---- Kernels that cannot have it ----

old=5.10.0-99-amd64
mkdir -p /lib/modules/$old
printf '#define UTS_RELEASE "%s"\n' "$old" | fake_headers /usr/src/linux-headers-$old "$first" \
	include/generated/utsrelease.h
ln -sfn /usr/src/linux-headers-$old /lib/modules/$old/build
check "make on an old kernel says so in one line" fails_with "kernel $old is too old: 6.1 or later is needed" 1 \
	make modules KVER=$old
make dkms-source && dkms add erofs-ishare/"$version"
check "dkms autoinstall on an old kernel succeeds" dkms autoinstall -k $old
check "dkms skipped the old kernel" eval \
	'! module_of $old && ! dkms status | grep -qF $old && ! find /var/lib/dkms/erofs-ishare -name make.log | grep .'
check "dkms says why" eval '! out=$(dkms build erofs-ishare/$version -k $old 2>&1) && [[ $out == *BUILD_EXCLUSIVE* ]]'
dkms remove erofs-ishare/"$version" --all
make uninstall
rm -rf /lib/modules/$old /usr/src/linux-headers-$old
check "nothing is left of the old kernel's try" nothing_left

# One that is newer than we are: something we need is not there any more.
new=99.0.0-new
mkdir -p /lib/modules/$new
printf '#define UTS_RELEASE "%s"\n' "$new" | fake_headers /usr/src/linux-headers-$new "$first" \
	include/generated/utsrelease.h
sed -i '/	iomap_dio_rw	/d' /usr/src/linux-headers-$new/Module.symvers
ln -sfn /usr/src/linux-headers-$new /lib/modules/$new/build
make dkms-source && dkms add erofs-ishare/"$version"
why_not_new() { grep -h 'erofs-ishare: .*not exported: iomap_dio_rw' /var/lib/dkms/erofs-ishare/"$version"/build/make.log; }
if [ "$suite" = bookworm ]; then
	check "dkms fails on a kernel with unknown APIs, for this dkms cannot skip it, and says why" eval \
		'! dkms autoinstall -k $new && ! module_of $new && why_not_new'
else
	check "dkms autoinstall on a kernel with unknown APIs succeeds" dkms autoinstall -k $new
	check "dkms skipped it, and says why" eval '! module_of $new && why_not_new'
fi
dkms remove erofs-ishare/"$version" --all
make uninstall
rm -rf /lib/modules/$new /usr/src/linux-headers-$new
check "nothing is left of the new kernel's try" nothing_left

none=9.8.7-none
check "make without headers names the package" fails_with "install linux-headers-$none" 1 make modules KVER=$none
check "make install without headers names the package" fails_with "install linux-headers-$none" 1 make install KVER=$none
check "a directory that is no kernel is refused" fails_with "no kernel headers in /etc" 1 make modules KDIR=/etc
check "nothing is left of tries without headers" nothing_left

grep -v '	iomap_dio_rw	' "/lib/modules/$first/build/Module.symvers" |
	fake_headers /tmp/fake "$first" Module.symvers
check "a kernel that lacks an export is refused by name" fails_with "not exported: iomap_dio_rw" 1 \
	make modules KDIR=/tmp/fake
cp "/lib/modules/$first/build/Module.symvers" /tmp/fake
check "a broken compiler is told from a missing API" fails_with "cannot compile a trivial probe" 1 \
	make modules KDIR=/tmp/fake CC=/bin/false
rm -rf /tmp/fake

# ---- The Debian package ----

check "make deb" make deb
deb=/tree/build/erofs-ishare-dkms_${version}_all.deb
# has DOCUMENT... in the list of a package's files, on standard input. (Not into a pipe with grep -q: that may end first.)
has()
{
	local list file
	list=$(cat)
	for file; do
		grep -q "$file" <<<"$list" || { echo "it has no $file"; return 1; }
	done
}
check "the package has its documentation" eval 'dpkg -c $deb | has /README.md /changelog.gz /docs/SECURITY.md'
check "apt installs the package" apt-get -y install "$deb"
# Packages build for the newest kernels at once; dkms autoinstall is what the kernel packages run.
for k in "${kernels[@]}"; do
	module_of "$k" >/dev/null || dkms autoinstall -k "$k"
done
check "the package's module is installed for every kernel" all_installed
if [ "$suite" = bookworm ]; then
	set_version "$next"
	mark next
	check "make deb of the next version" make deb
	check "apt upgrades to it" apt-get -y install "/tree/build/erofs-ishare-dkms_${next}_all.deb"
	module_of "$first" >/dev/null || dkms autoinstall -k "$first"
	check "the next version is installed" eval 'installed "$first" && marked "$first" next && only_this_version'
	set_version "$released"
else
	skip "apt upgrades to the next version" "tested on bookworm"
fi
check "apt purges it" apt-get -y purge erofs-ishare-dkms
check "nothing is left after the purge" nothing_left

# ---- The tools ----

tools_deb=/tree/build/erofs-ishare-tools_${version}_$(dpkg --print-architecture).deb
tools_work()
{
	[ "$(erofs-ishare --version | head -n 1)" = "erofs-ishare $version" ] && [[ $(mount.erofs-ishare -V) = *"$version"* ]]
}
no_tools() { ! command -v erofs-ishare && ! command -v mount.erofs-ishare; }

check "without their libraries the tools are left out" test ! -e "$tools_deb"
if [ "$suite" = trixie ]; then
	check "the libraries of the tools can be had" apt-get -y install pkg-config libssl-dev liblz4-dev liblzma-dev \
		zlib1g-dev libzstd-dev libxxhash-dev libmount-dev
	check "make deb builds the tools" make deb
	check "apt installs the tools" apt-get -y install "$tools_deb"
	check "the tools work" tools_work
	# This root leaves manuals out when it installs.
	check "the package has their manuals" eval \
		'dpkg -c $tools_deb | has /man5/erofs-ishare.5 /man8/erofs-ishare.8 /man8/mount.erofs-ishare.8'
	check "apt purges the tools" apt-get -y purge erofs-ishare-tools
	check "nothing is left of them" no_tools
	check "make tools-install" make tools-install
	check "the tools that make installed work" tools_work
	make -C tools uninstall
	check "nothing is left of those" no_tools
else
	skip "the tools' packages" "tested on trixie"
fi

# ---- The RPM ----

if [ "$suite" = trixie ]; then
	check "rpm can be had" apt-get -y install rpm
	check "make rpm" make rpm
	rpm=/tree/build/erofs-ishare-dkms-$version-1.noarch.rpm
	check "the package has its documentation, too" eval 'rpm -qlp $rpm | has /README.md /CHANGELOG.md /docs/SECURITY.md'
	check "the tools' package has their manuals" eval \
		'rpm -qlp ${rpm%/*}/erofs-ishare-tools-$version-1.*.rpm | has /man5/erofs-ishare.5 /man8/mount.erofs-ishare.8'
	check "rpm installs the package" rpm -i --nodeps "$rpm"
	check "its module is installed for every kernel that has headers" all_installed
	# From here on for one kernel, to save time. The tools are not needed again.
	for k in "${kernels[@]:1}"; do
		rm "/lib/modules/$k/build"
	done
	mark again
	check "make rpm once more, with another content" make rpm PKG_CONFIG=false
	check "rpm installs the same version again" rpm -U --replacepkgs --nodeps "$rpm"
	check "the module is that of the new package" eval 'installed "$first" && marked "$first" again && only_this_version'
	set_version "$next"
	mark next
	check "make rpm of the next version" make rpm PKG_CONFIG=false
	check "rpm upgrades to it" rpm -U --nodeps "/tree/build/erofs-ishare-dkms-$next-1.noarch.rpm"
	check "the next version is installed" eval 'installed "$first" && marked "$first" next && only_this_version'
	set_version "$released"
	check "rpm goes back" rpm -U --oldpackage --nodeps "$rpm"
	check "the version before is installed" eval 'installed "$first" && marked "$first" again && only_this_version'
	check "rpm erases it" rpm -e --nodeps erofs-ishare-dkms
	check "nothing is left after the erase" nothing_left
else
	skip "the RPM" "tested on trixie"
fi
echo end >&3
