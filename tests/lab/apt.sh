# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# apt.sh: package indexes of the suites we test on, in apt directories of our own, and which
# kernel each kernel id means today.
# Rules: mirrors and keys are those of the machine's own apt configuration (apt itself parses
# it, so .sources and .list files both work); the machine's apt state is never written.

# The machine's Debian mirror, and its security mirror if it has one.
apt_mirrors()
{
	[ -n "${LAB_MIRROR:-}" ] && return 0
	command -v apt-get >/dev/null 2>&1 || die "this machine has no apt-get; the lab needs a Debian machine"
	local uri release component own
	own=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}")
	LAB_MIRROR='' LAB_SECURITY=''
	# shellcheck disable=SC2016 # apt fills these in
	while IFS='|' read -r uri release component; do
		[ "$component" = main ] || continue
		case $release in
		*-security|*/updates)
			[ -n "$LAB_SECURITY" ] || LAB_SECURITY=${uri%/} ;;
		"$own"|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)
			[ -n "$LAB_MIRROR" ] || LAB_MIRROR=${uri%/} ;;
		esac
	done < <(apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' \
		'Identifier: Packages' 2>/dev/null)
	[ -n "$LAB_MIRROR" ] ||
		die "apt is not configured for a Debian mirror: add one to /etc/apt/sources.list.d (component main)"
	case $LAB_MIRROR in
	http://*|https://*|file:*|copy:*) ;;
	*) die "the Debian mirror of this machine ('$LAB_MIRROR') is of a kind debootstrap cannot use; give an http one" ;;
	esac
	if [ -z "$LAB_SECURITY" ]; then
		case $LAB_MIRROR in
		*/debian) LAB_SECURITY=$LAB_MIRROR-security ;;
		*) warn "no security mirror in the apt configuration; security updates are left out" ;;
		esac
	fi
	export LAB_MIRROR LAB_SECURITY
}

# The newest archive keyring we have: one fetched by us, else the machine's.
apt_keyring()
{
	local k
	for k in "$CACHE/keys/usr/share/keyrings/debian-archive-keyring.gpg" \
		 "$CACHE/keys/usr/share/keyrings/debian-archive-keyring.pgp" \
		 /usr/share/keyrings/debian-archive-keyring.gpg \
		 /usr/share/keyrings/debian-archive-keyring.pgp; do
		[ -f "$k" ] && { printf '%s\n' "$k"; return 0; }
	done
	die "no Debian archive keyring: run 'tests/lab/lab packages'"
}

# A machine older than a suite may lack its keys: its own suite's updates bring them.
apt_newer_keyring()
{
	local tmp=$CACHE/keys.tmp
	say "fetching a newer debian-archive-keyring"
	rm -rf "$tmp" "$CACHE/keys.host"
	mkdir -p "$tmp" "$CACHE/keys.host/lists/partial"
	(
		cd "$tmp"
		apt-get -o Dir::State::lists="$CACHE/keys.host/lists" -o Acquire::Languages=none update &&
		apt-get -o Dir::State::lists="$CACHE/keys.host/lists" download debian-archive-keyring &&
		dpkg -x debian-archive-keyring_*.deb .
	) >"$CACHE/logs/keyring.log" 2>&1 || return 1
	rm -rf "$CACHE/keys" "$CACHE/keys.host"
	mv "$tmp" "$CACHE/keys"
}

# The indexes of one family: the suite and what belongs to it.
apt_sources()
{
	local suite=$1 opt
	apt_mirrors
	opt="[arch=amd64 signed-by=$(apt_keyring)]"
	echo "deb $opt $LAB_MIRROR $suite main"
	[ "$suite" = sid ] && return 0
	echo "deb $opt $LAB_MIRROR $suite-updates main"
	echo "deb $opt $LAB_MIRROR $suite-backports main"
	[ -z "$LAB_SECURITY" ] || echo "deb $opt $LAB_SECURITY $suite-security main"
}

# apt_opts SUITE: the options that point apt at our directory; the machine's Acquire settings
# (proxies and the like) stay in force.
apt_opts()
{
	local d=$CACHE/apt/$1
	APT_OPTS=(-o "Dir::Etc::sourcelist=$d/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o "Dir::State=$d/state" -o "Dir::State::lists=$d/lists" -o "Dir::State::status=$d/status"
		-o "Dir::Cache=$d/cache" -o Dir::Cache::pkgcache=pkgcache.bin -o APT::Default-Release= -o APT::Sandbox::User=root
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Architecture=amd64
		-o "APT::Architectures::=amd64" -o APT::Update::Post-Invoke=)
}

apt_refresh()
{
	local suite=$1 d=$CACHE/apt/$1
	apt_fresh "$suite" && return 0
	mkdir -p "$d/lists/partial" "$d/state" "$d/cache/archives/partial" "$CACHE/logs"
	: >>"$d/status"
	apt_opts "$suite"
	say "$suite: refreshing package indexes"
	apt_sources "$suite" >"$d/sources.list"
	if ! apt-get "${APT_OPTS[@]}" -o APT::Update::Error-Mode=any update >"$CACHE/logs/apt-$suite.log" 2>&1; then
		apt_newer_keyring || warn "no newer keyring to be had (log: $CACHE/logs/keyring.log)"
		apt_sources "$suite" >"$d/sources.list"
		run_logged "$CACHE/logs/apt-$suite.log" apt-get "${APT_OPTS[@]}" \
			-o APT::Update::Error-Mode=any update ||
			die "cannot read the package indexes of $suite from the configured mirror"
	fi
	touch "$d/stamp"
}

# Indexes are a day old at most; and they are remade when the mirror configuration changed.
apt_fresh()
{
	local d=$CACHE/apt/$1
	apt_mirrors
	[ -f "$d/stamp" ] && [ -z "$(find "$d/stamp" -mmin +1440 2>/dev/null)" ] || return 1
	[ "$(apt_sources "$1")" = "$(cat "$d/sources.list" 2>/dev/null)" ]
}

apt_ensure()
{
	apt_fresh "$1" || with_lock "apt-$1" apt_refresh "$1"
}

apt_refresh_all()
{
	local s
	for s in $LAB_SUITES; do
		[ "${1:-}" = force ] && rm -f "$CACHE/apt/$s/stamp" "$CACHE/apt/$s/kernels"
		apt_ensure "$s"
	done
}

kernel_family()
{
	case " $LAB_KERNELS " in *" $1 "*) printf '%s\n' "${1%-backports}" ;; *) die "unknown kernel id '$1'; one of: $LAB_KERNELS" ;; esac
}

# kernel_resolve ID: sets KR_VERSION and KR_RELEASE from the linux-image-amd64 metapackage.
# "bookworm" means the suite with its security and point-release updates: the newest offered.
kernel_resolve()
{
	local id=$1 fam suite ver rel list
	fam=$(kernel_family "$id")
	apt_ensure "$fam"
	list=$CACHE/apt/$fam/kernels
	if [ ! -f "$list" ] || [ "$CACHE/apt/$fam/stamp" -nt "$list" ]; then
		apt_opts "$fam"
		apt-cache "${APT_OPTS[@]}" madison linux-image-amd64 |
			awk -F'|' '{gsub(/ /,"",$2); split($3,a," "); split(a[2],s,"/"); print s[1], $2}' >"$list.$$"
		while read -r suite ver; do
			printf '%s %s %s\n' "$suite" "$ver" "$(apt-cache "${APT_OPTS[@]}" show "linux-image-amd64=$ver" |
				sed -n 's/^Depends:.*\blinux-image-\([0-9][^ ,]*\).*/\1/p' | head -n 1)"
		done <"$list.$$" >"$list.$$.2"
		mv "$list.$$.2" "$list"
		rm -f "$list.$$"
	fi
	KR_VERSION='' KR_RELEASE=''
	while read -r suite ver rel; do
		case $id in
		*-backports) [ "$suite" = "$id" ] || continue ;;
		*) case $suite in *-backports) continue ;; esac ;;
		esac
		if [ -z "$KR_VERSION" ] || dpkg --compare-versions "$ver" gt "$KR_VERSION"; then
			KR_VERSION=$ver KR_RELEASE=$rel
		fi
	done <"$list"
	[ -n "$KR_RELEASE" ] || die "kernel '$id': no linux-image-amd64 in that suite on the configured mirror"
}

lab_kernels()
{
	local id KR_VERSION KR_RELEASE
	for id in $LAB_KERNELS; do
		kernel_resolve "$id"
		printf '%-20s %-32s %s\n' "$id" "$KR_RELEASE" "$KR_VERSION"
	done
}
