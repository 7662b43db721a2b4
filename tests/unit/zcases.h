/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Broken maps of compressed inodes, one named check each: X(CHECK, errno, function).
 * test_checks.c runs them with its own cases.
 */
#ifndef ZCASES_H
#define ZCASES_H

#include "erofs_format.h"

#define ZCASES(X) \
	X(ZMAP_HEAD_ALGORITHM, -EOPNOTSUPP, z_head1_algorithm) \
	X(ZMAP_HEAD_ALGORITHM, -EOPNOTSUPP, z_head2_algorithm) \
	X(ZMAP_BIG_FEATURE, -EUCLEAN, z_big_feature) \
	X(ZMAP_BIG_MISMATCH, -EUCLEAN, z_big_mismatch) \
	X(ZMAP_LCLUSTER, -EINVAL, z_lcluster) \
	X(ZMAP_LCLUSTER_2B, -EOPNOTSUPP, z_lcluster_2b) \
	X(ZMAP_TABLE, -EUCLEAN, z_header_position) \
	X(ZMAP_TABLE, -EUCLEAN, z_index_table) \
	X(ZMAP_TABLE, -EUCLEAN, z_record_table) \
	X(ZMAP_TABLE, -EUCLEAN, z_fragment_without_record) \
	X(ZMAP_CLUSTEROFS, -EUCLEAN, z_clusterofs) \
	X(ZMAP_CLUSTEROFS, -EUCLEAN, z_clusterofs_compact) \
	X(ZMAP_LOOKBACK, -EUCLEAN, z_first_is_nonhead) \
	X(ZMAP_LOOKBACK, -EUCLEAN, z_first_has_offset) \
	X(ZMAP_LOOKBACK, -EUCLEAN, z_back_zero) \
	X(ZMAP_LOOKBACK, -EUCLEAN, z_back_too_far) \
	X(ZMAP_LOOKBACK, -EUCLEAN, z_back_compact) \
	X(ZMAP_LOOKBACK_STEPS, -EOPNOTSUPP, z_long_way_back) \
	X(ZMAP_CBLKCNT, -EUCLEAN, z_cblkcnt) \
	X(ZMAP_CBLKCNT, -EUCLEAN, z_cblkcnt_compact) \
	X(ZMAP_CBLKCNT_MISSING, -EUCLEAN, z_cblkcnt_missing) \
	X(ZMAP_PACK, -EUCLEAN, z_pack_big) \
	X(ZMAP_PACK, -EUCLEAN, z_pack_small) \
	X(ZMAP_INLINE, -EUCLEAN, z_inline) \
	X(ZMAP_FRAGMENT_NO_PACKED, -EUCLEAN, z_fragment_no_packed) \
	X(ZMAP_FRAGMENT_NO_PACKED, -EUCLEAN, z_tail_no_packed) \
	X(ZMAP_FRAGMENT_NESTED, -EUCLEAN, z_fragment_in_packed) \
	X(ZMAP_FRAGMENT_NESTED, -EUCLEAN, z_fragment_in_metabox) \
	X(ZMAP_FRAGMENT_RANGE, -EUCLEAN, z_fragment_range) \
	X(ZMAP_FRAGMENT_RANGE, -EUCLEAN, z_tail_range) \
	X(ZMAP_FORMAT, -EOPNOTSUPP, z_format) \
	X(ZMAP_UNSORTED, -EUCLEAN, z_unsorted_high) \
	X(ZMAP_UNSORTED, -EUCLEAN, z_unsorted_low) \
	X(ZMAP_UNSORTED, -EUCLEAN, z_unsorted_tail) \
	X(ZMAP_DISTANT, -EOPNOTSUPP, z_distant) \
	X(ZMAP_ALGORITHM, -EUCLEAN, z_algorithm) \
	X(ZMAP_ALGORITHM, -EUCLEAN, z_algorithm_record) \
	X(ZMAP_PLEN, -EOPNOTSUPP, z_plen) \
	X(ZMAP_PLEN, -EOPNOTSUPP, z_plen_record) \
	X(ZMAP_LLEN, -EOPNOTSUPP, z_llen) \
	X(ZMAP_LLEN, -EOPNOTSUPP, z_llen_record) \
	X(ZMAP_NO_GAIN, -EUCLEAN, z_no_gain) \
	X(ZMAP_PLAIN, -EUCLEAN, z_plain) \
	X(ZMAP_PLAIN, -EUCLEAN, z_plain_inline) \
	X(ZMAP_ADDRESS, -EUCLEAN, z_address) \
	X(ZMAP_ADDRESS, -EUCLEAN, z_address_sum) \
	X(ZMAP_ADDRESS, -EUCLEAN, z_address_48bit)

#define ZCASE_DECLARE(check, err, run)	int run(struct erofs_diag *diag);
ZCASES(ZCASE_DECLARE)
#undef ZCASE_DECLARE

#endif /* ZCASES_H */
