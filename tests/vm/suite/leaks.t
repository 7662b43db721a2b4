# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# leaks: what all tests before it have left behind. Not among the default ones: it needs a debug kernel (tests/debug).

. "$SUITE_DIR/leaks.sh"
scanned() { leaked_objects || return 1; }
gone()
{
	! module_loaded || eistool module unload $MODULE || return 1
	! grep -a eis_ /proc/slabinfo || die "slabs are left"
}

pages()
{
	! grep -q page_owner=off /proc/cmdline || missing "page_owner, for this VM said page_owner=off"
	leaked_pages || return 1
}

t "nothing leaked" scanned
t "unloads after everything" gone
t "no page of its is left" pages
