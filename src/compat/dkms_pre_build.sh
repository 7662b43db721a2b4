#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dkms_pre_build.sh KDIR: what DKMS runs before it builds for the kernel whose headers are in KDIR.
#
# Rules: exit status 77, and DKMS skips the kernel (3.2; older ones go on and fail), only for one that
# probe.sh does not know how to work with: a kernel whose APIs are newer than we are must not be kept
# from being installed by us. With any other trouble the build is about to fail, and says it itself.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
variables=()
# As DKMS calls make for such a kernel; the answers are then there already.
! grep -qsx 'CONFIG_CC_IS_CLANG=y' "$1/include/config/auto.conf" || variables=(LLVM=1)
"$here/probe.sh" "$1" "${variables[@]}"
[ $? -ne 77 ] || exit 77
exit 0
