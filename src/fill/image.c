// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small services on an image that every read path needs: from an extent to a
 * storage, and one line in the log for what is wrong with an image.
 */
#include <linux/ratelimit.h>

#include "compat/compat.h"
#include "fill/image.h"
#include "trace/erofs_ishare.h"

/**
 * eis_locate - storage and position of bytes of a data extent
 * @image: the image
 * @nid: whose extent it is
 * @ext: extent of type EROFS_EXTENT_DATA
 * @la:  file byte inside it
 * @len: bytes wanted from there, inside the extent
 * @loc: result: position, and how many bytes are contiguous there
 * @diag: check that failed, may be NULL
 *
 * Context: any. Return: the storage, or ERR_PTR(-ENODEV, -EFSCORRUPTED).
 */
struct eis_storage *eis_locate(const struct eis_image *image, u64 nid,
			       const struct erofs_extent *ext, u64 la, u64 len,
			       struct erofs_location *loc, struct erofs_diag *diag)
{
	int err = erofs_locate(&image->fmt, image->devs, image->flat, ext->device_id,
			       ext->pa + (la - ext->la), len, loc, diag);

	if (err) {
		/* Addresses belong to nobody, as far as the decoder knows. */
		if (diag)
			diag->nid = nid;
		return ERR_PTR(err);
	}
	if (loc->device >= image->nr_storage)
		return ERR_PTR(erofs_fail(diag, EROFS_CHECK_DEV_ID, nid, la, loc->device));
	return image->storage[loc->device];
}

/**
 * eis_advice - what to do about a check that failed
 * @check: of the image
 */
const char *eis_advice(enum erofs_check check)
{
	switch (check) {
	case EROFS_CHECK_SOURCE:
		return "check the device or image file";
	case EROFS_CHECK_DEV_NOT_GIVEN:
		return "unmount, and mount with device=PATH for each extra device";
	default:
		return "check the image with fsck.erofs or rebuild it";
	}
}

/**
 * eis_report - say what is wrong with an image, rate-limited
 * @image: the image
 * @what: what was being done, e.g. "read"
 * @diag: the check that failed
 * @err:  the errno the caller returns
 */
void eis_report(const struct eis_image *image, const char *what, const struct erofs_diag *diag,
		int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	trace_eis_error(image->sb->s_dev, diag->nid, diag->check, diag->value, diag->pos, err);
	/* A killed reader and a lack of memory say nothing about the image. */
	if (err == -EINTR || err == -ENOMEM || !__ratelimit(&limit))
		return;
	pr_err("erofs-ishare: %s (mount %u:%u): %s of nid %llu failed (%d): %s: %s: value 0x%llx at byte %llu; %s\n",
	       image->sb->s_id, MAJOR(image->sb->s_dev), MINOR(image->sb->s_dev), what, diag->nid,
	       err, erofs_check_name(diag->check),
	       erofs_check_text(diag->check), diag->value, diag->pos,
	       eis_advice(diag->check));
}
