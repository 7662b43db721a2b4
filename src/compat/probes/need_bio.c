// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios, used as src/io uses them; unchanged on all supported kernels.
 *
 * @need block I/O (bio_alloc, bio_add_page, submit_bio)
 * @export bio_alloc_bioset fs_bio_set bio_add_page bio_put bio_endio submit_bio submit_bio_wait
 * @export bioset_init bioset_exit blk_status_to_errno
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/pagemap.h>

static void bio_end_io(struct bio *bio)
{
	struct folio_iter fi;
	int err = blk_status_to_errno(bio->bi_status);

	bio_for_each_folio_all(fi, bio) {
		if (!err)
			folio_unlock(fi.folio);
	}
	bio_put(bio);
}

int bio_probe(struct block_device *bdev, struct folio *folio, struct bio_set *bs);

int bio_probe(struct block_device *bdev, struct folio *folio, struct bio_set *bs)
{
	struct bio *bio = bio_alloc(bdev, 1, REQ_OP_READ | REQ_RAHEAD, GFP_NOFS);

	if (bioset_init(bs, 4, 64, BIOSET_NEED_BVECS))
		bioset_exit(bs);
	bio = bio_alloc_bioset(bdev, 1, REQ_OP_READ, GFP_NOFS, bs);
	bio->bi_iter.bi_sector = bdev_nr_bytes(bdev) >> SECTOR_SHIFT;
	bio->bi_end_io = bio_end_io;
	bio->bi_private = folio;
	if (bio_add_page(bio, folio_page(folio, 0), 512, 0) != 512)
		bio_endio(bio);
	submit_bio(bio);
	return submit_bio_wait(bio);
}
