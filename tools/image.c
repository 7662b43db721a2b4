// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening images; see image.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codecs.h"
#include "image.h"
#include "say.h"

#include <xxhash.h>

/* Content that files may claim by default: more than any compression makes of an image. */
#define MAX_BYTES_LEAST		(1ULL << 40)
#define MAX_BYTES_RATIO		64U
/* One step to look up an extent for so many bytes of content */
#define LOOKUP_BYTES		32U

u32 erofs_xxh32(const void *data, size_t len, u32 seed)
{
	return XXH32(data, len, seed);
}

int complain_image(const struct image *image, const char *what, int err,
		   const struct erofs_diag *diag)
{
	switch (-err) {
	case EDQUOT:
		return complain("%s: %s: what was read so far meant to decode more than %llu bytes, of large extents for small files; raise --max-bytes if the image is trusted",
				image->name, what, (unsigned long long)image->max_bytes);
	case EIMAGE_LOOKUPS:
		return complain("%s: %s: nid %llu, and what was read before it, took more than %llu steps to look up extents; raise --max-bytes if the image is trusted",
				image->name, what, (unsigned long long)diag->nid,
				(unsigned long long)image->max_lookups);
	case EIMAGE_AMBIGUOUS:
		if (diag->check)
			return complain("%s: %s: ambiguous map: the extent record at byte %llu (nid %llu) begins at file byte %llu, out of order, so what is read depends on where reading begins; do not share this image, rebuild it with mkfs.erofs",
					image->name, what, (unsigned long long)diag->pos,
					(unsigned long long)diag->nid,
					(unsigned long long)diag->value);
		return complain("%s: %s: ambiguous map: byte %llu (nid %llu) is in the extent from byte %llu or in another one, depending on where reading begins; do not share this image, rebuild it with mkfs.erofs",
				image->name, what, (unsigned long long)diag->pos,
				(unsigned long long)diag->nid, (unsigned long long)diag->value);
	default:
		return complain_diag(image->name, what, err, diag);
	}
}

/* ---- Containers ---- */

static int container_open(struct container *c, const char *path, u64 start)
{
	struct stat st;
	u64 size;

	c->path = path;
	c->start = start;
	/* Opening a FIFO waits for a writer, and other devices may act on it. */
	if (stat(path, &st))
		return complain("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return complain("%s: is no regular file and no block device; name an EROFS image", path);
	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0 || fstat(c->fd, &st))
		return complain("%s: %s", path, strerror(errno));
	size = (u64)st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(c->fd, BLKGETSIZE64, &size))
		return complain("%s: its size is not known: %s", path, strerror(errno));
	if (size < start)
		return complain("%s: has %llu bytes, so there is no image at --offset %llu", path,
				(unsigned long long)size, (unsigned long long)start);
	c->size = size - start;
	return 0;
}

/* TAG=PATH, with PATH absolute, is for the slot of that tag; a path is for the next slot. */
static const char *device_path(const char *arg, const char *tag, bool *tagged)
{
	const char *sep = arg[0] == '/' ? NULL : strstr(arg, "=/");

	*tagged = sep;
	if (!sep)
		return arg;
	if (strlen(tag) != (size_t)(sep - arg) || strncmp(tag, arg, (size_t)(sep - arg)))
		return NULL;
	return sep + 1;
}

/* The argument for slot @id: by tag if one names it, else the next one without. */
static const char *pick_device(const struct image_args *args, const char *tag, bool *taken)
{
	u32 i, first = args->ndevices;

	for (i = 0; i < args->ndevices; i++) {
		bool tagged;
		const char *path = device_path(args->devices[i], tag, &tagged);

		if (taken[i] || !path)
			continue;
		if (tagged) {
			taken[i] = true;
			return path;
		}
		if (first == args->ndevices)
			first = i;
	}
	if (first == args->ndevices)
		return NULL;
	taken[first] = true;
	return args->devices[first];
}

static int open_devices(struct image *image, const struct image_args *args)
{
	u32 n = image->sb.extra_devices;
	bool *taken;
	int ret = 0;

	image->flat = !args->ndevices;
	if (image->flat)
		return 0;
	if (args->ndevices != n)
		return complain("%s: %u --device given, the image has %u extra devices; give each one once",
				image->name, args->ndevices, n);
	taken = xalloc(n, sizeof(*taken));
	for (u32 id = 1; id <= n && !ret; id++) {
		const struct erofs_device *dev = &image->devs[id - 1];
		const char *path = pick_device(args, dev->tag, taken);
		struct container *c = &image->containers[id];

		if (!path) {
			ret = complain("%s: no --device for slot %u (tag \"%s\"); add --device=PATH or --device=TAG=PATH",
				       image->name, id, dev->tag);
			break;
		}
		ret = container_open(c, path, 0);
		image->ncontainers = id + 1;
		if (!ret && c->size >> image->sb.blkszbits < dev->blocks)
			ret = complain("%s: device %u has %llu blocks, the image needs %llu; give the right one",
				       path, id,
				       (unsigned long long)(c->size >> image->sb.blkszbits),
				       (unsigned long long)dev->blocks);
	}
	free(taken);
	return ret;
}

/* ---- The image ---- */

static int read_devices(struct image *image, struct view *v)
{
	u32 n = image->sb.extra_devices;
	struct erofs_diag diag = { 0 };
	struct container *all;

	if (!n)
		return 0;
	image->devs = xalloc(n, sizeof(*image->devs));
	all = xalloc(n + 1, sizeof(*all));
	all[0] = image->containers[0];
	for (u32 i = 1; i <= n; i++)
		all[i].fd = -1;
	free(image->containers);
	image->containers = all;
	for (u32 i = 1; i <= n; i++) {
		int err = erofs_device_read(&v->src, &image->sb, i, &image->devs[i - 1], &diag);

		if (err)
			return complain_image(image, "device table", err, &diag);
	}
	return 0;
}

static int read_named(struct image *image, struct view *v, u64 nid, enum erofs_role role,
		      const char *what, struct zinode *z)
{
	struct erofs_diag diag = { 0 };
	int err = erofs_inode_read(&v->src, &image->sb, nid, &z->inode, &diag);

	if (!err)
		err = erofs_role_check(&z->inode, role, &diag);
	if (!err)
		err = zinode_open(v, z, &diag);
	return err ? complain_image(image, what, err, &diag) : 0;
}

static int read_prefixes(struct image *image, struct view *v)
{
	struct erofs_diag diag = { 0 };
	u64 pos = image->sb.prefix_pos;

	image->prefixes = xalloc(image->sb.xattr_prefix_count, sizeof(*image->prefixes));
	for (u32 i = 0; i < image->sb.xattr_prefix_count; i++) {
		int err = erofs_prefix_read(&v->src, &image->sb, &pos, &image->prefixes[i], &diag);

		if (err)
			return complain_image(image, "long xattr prefixes", err, &diag);
	}
	return 0;
}

static int setup(struct image *image, struct view *v, const struct image_args *args)
{
	struct erofs_diag diag = { 0 };
	int err;

	err = erofs_super_read(&v->src, EROFS_BLKSZBITS_MAX, &image->sb, &diag);
	if (err)
		return complain_image(image, "superblock", err, &diag);
	codecs_free(v->codecs);
	v->codecs = codecs_new(&image->sb);
	if (args->offset & ((1U << image->sb.blkszbits) - 1))
		return complain("%s: --offset %llu: must be a multiple of the block size, %u",
				image->name, (unsigned long long)args->offset,
				1U << image->sb.blkszbits);
	if (read_devices(image, v) || open_devices(image, args))
		return -1;
	for (u32 i = 0; i < image->ncontainers; i++)
		image->bytes += image->containers[i].size;
	if (!args->max_bytes && image->bytes > MAX_BYTES_LEAST / MAX_BYTES_RATIO)
		image->max_bytes = image->bytes * MAX_BYTES_RATIO;
	/* Honest indexes take one step per 100 bytes or more, and not all content is that of files. */
	image->max_lookups = image->max_bytes / LOOKUP_BYTES + image->bytes;
	/* Section 1.1: the packed inode first, for the others may need it. */
	if (image->sb.has_packed &&
	    read_named(image, v, image->sb.packed_nid, EROFS_ROLE_PACKED, "packed inode",
		       &image->packed))
		return -1;
	image->packed_ready = image->sb.has_packed;
	if (image->sb.has_metabox &&
	    read_named(image, v, image->sb.metabox_nid, EROFS_ROLE_METABOX, "metabox inode",
		       &image->metabox))
		return -1;
	image->metabox_ready = image->sb.has_metabox;
	return read_prefixes(image, v);
}

int image_open(struct image *image, const struct image_args *args)
{
	struct view *v;
	int ret;

	memset(image, 0, sizeof(*image));
	image->name = args->path;
	image->max_bytes = args->max_bytes ? args->max_bytes : MAX_BYTES_LEAST;
	image->containers = xalloc(1, sizeof(*image->containers));
	image->ncontainers = 1;
	image->containers[0].fd = -1;
	ret = container_open(&image->containers[0], args->path, args->offset);
	if (!ret) {
		v = view_new(image);
		ret = setup(image, v, args);
		view_free(v);
	}
	if (ret)
		image_close(image);
	return ret;
}

void image_close(struct image *image)
{
	for (u32 i = 0; i < image->ncontainers; i++) {
		if (image->containers[i].fd >= 0)
			close(image->containers[i].fd);
	}
	free(image->containers);
	free(image->devs);
	free(image->prefixes);
	memset(image, 0, sizeof(*image));
}
