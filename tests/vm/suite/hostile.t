# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# hostile: some of the damaged images of tests/hostile, other ones on every kernel. `make check-hostile` mounts ten thousand
# on the debug kernel; what they once found has become named cases of badinput.t and zbad.t.

if ! ours; then
	echo "ok - hostile # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi

damaged_images()	# FROM COUNT
{
	hostile $SUITE_DIR/hostile run $1 $2 >$T/hostile
	_rc=$?
	grep '^#' $T/hostile
	[ $_rc = 0 ] && [ "$(grep -c '^ok - ' $T/hostile)" = 4 ] || { grep '^not ok' $T/hostile; return 1; }
}
# Where in the numbers depends on the kernel's name, so that all kernels together see more of them.
first=$((0x$(uname -r | sha256sum | cut -c1-5)))
t "${HOSTILE_IMAGES:-120} damaged images beside a healthy one" damaged_images $first ${HOSTILE_IMAGES:-120}
! ours || t "the module unloads after them" unload_module
