# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# zmatrix: the matrix of compressed images; every algorithm and form, of three generations of writers.

zip_disk
. "$SUITE_DIR/matrix.t"
