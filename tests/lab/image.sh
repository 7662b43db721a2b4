# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# image.sh: EROFS images made by the mkfs.erofs of a chosen suite, and real directory trees.
