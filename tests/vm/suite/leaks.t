# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# leaks: what all tests before it have left behind. Not among the default ones: it needs kmemleak (tests/debug).

KMEMLEAK=/sys/kernel/debug/kmemleak
scanned()
{
	[ -e $KMEMLEAK ] || die "this kernel has no kmemleak"
	echo 3 >/proc/sys/vm/drop_caches
	# Objects younger than five seconds are not reported, and what one scan sees may be on its way.
	for _ in 1 2; do
		sleep 6
		echo scan >$KMEMLEAK || die "kmemleak has turned itself off"
	done
	cat $KMEMLEAK >$T/leaks
	grep -qaE 'eis_|erofs_' $T/leaks || return 0
	cat $T/leaks
	die "$(grep -c ^unreferenced $T/leaks) objects nobody points to"
}
gone()
{
	! module_loaded || eistool module unload $MODULE || return 1
	! grep -a eis_ /proc/slabinfo || die "slabs are left"
}

t "nothing leaked" scanned
t "unloads after everything" gone
