// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sidecar files on disk; see sidecar.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "hash.h"
#include "sidecar.h"

int sidecar_id(const struct image *image, struct erofs_image_id *id)
{
	struct view *v = view_new(image);
	struct erofs_diag diag = { 0 };
	int err = erofs_image_id_read(&v->src, &image->sb, image->devs, image->flat, id, &diag);

	view_free(v);
	return err ? complain_image(image, "superblock", err, &diag) : 0;
}

int sidecar_complain(const char *path, int err, const struct erofs_diag *diag)
{
	if (diag->check == EROFS_CHECK_SOURCE)
		return complain("%s: cannot be read at byte %llu: %s", path,
				(unsigned long long)diag->pos, strerror(-err));
	return complain("%s: %s: %s: value 0x%llx at byte %llu; %s", path,
			erofs_check_name(diag->check), erofs_check_text(diag->check),
			(unsigned long long)diag->value, (unsigned long long)diag->pos,
			diag->check == EROFS_CHECK_SC_MAGIC ?
			"name a file made by 'erofs-ishare digest'" :
			"make it again with 'erofs-ishare digest'");
}

/* ---- Writing ---- */

static bool write_all(int fd, const void *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data = (const u8 *)data + n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_blocks(int fd, const struct erofs_sidecar *sc, const void *header,
			 const struct erofs_sidecar_record_ondisk *records)
{
	struct erofs_sidecar_block_ondisk block;

	if (!write_all(fd, header, EROFS_SIDECAR_BLKSIZE))
		return false;
	for (u64 nr = 1; nr < sc->blocks; nr++) {
		encode_block(sc, records, nr, &block);
		if (!write_all(fd, &block, sizeof(block)))
			return false;
	}
	return true;
}

/* Known before the work is done. What else can go wrong there is said when it does. */
static int can_create(const char *path)
{
	char *copy = strdup(path);
	int ret = 0;

	if (copy && access(dirname(copy), W_OK | X_OK))
		ret = complain("%s: no file can be made there: %s; name another place", path, strerror(errno));
	free(copy);
	return ret;
}

int sidecar_target(const char *path, const struct image *image)
{
	struct stat old, st;

	if (can_create(path))
		return -1;
	if (lstat(path, &old))
		return 0;
	if (S_ISLNK(old.st_mode))
		return complain("%s: is a symbolic link; name the file that it leads to", path);
	if (!S_ISREG(old.st_mode))
		return complain("%s: is no regular file; name a sidecar, or a new file", path);
	for (u32 i = 0; i < image->ncontainers; i++) {
		if (!fstat(image->containers[i].fd, &st) && st.st_dev == old.st_dev &&
		    st.st_ino == old.st_ino)
			return complain("%s: is %s; name another file for the sidecar", path,
					i ? "a device of the image" : "the image");
	}
	return 0;
}

/* A new name is on the disk when its directory is. One that cannot be read cannot be asked to. */
static bool sync_dir(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool ok = fd < 0 ? copy && errno == EACCES :
			   !fsync(fd) || errno == EINVAL || errno == EROFS;

	if (fd >= 0)
		close(fd);
	free(copy);
	return ok;
}

static int write_file(const char *path, const struct erofs_sidecar *sc, const void *header,
		      const struct erofs_sidecar_record_ondisk *records)
{
	mode_t mask = umask(0);
	char *temp = NULL;
	int fd, ret = 0;

	umask(mask);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return complain("%s: out of memory", path);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		ret = complain("%s: cannot be created: %s", path, strerror(errno));
		free(temp);
		return ret;
	}
	if (!write_blocks(fd, sc, header, records) || fchmod(fd, 0666 & ~mask) || fsync(fd))
		ret = complain("%s: cannot be written: %s", path, strerror(errno));
	close(fd);
	if (!ret && rename(temp, path))
		ret = complain("%s: cannot be put in its place: %s", path, strerror(errno));
	if (ret)
		unlink(temp);
	else if (!sync_dir(path))
		ret = complain("%s: is in its place, but may not survive a crash: its directory cannot be synced: %s",
			       path, strerror(errno));
	free(temp);
	return ret;
}

int sidecar_write(const char *path, const struct walk *w, const struct erofs_image_id *id,
		  struct erofs_sidecar *sc)
{
	struct erofs_sidecar_record_ondisk *records = xalloc(w->nfiles, sizeof(*records));
	struct erofs_sidecar_ondisk header;
	int ret;

	for (u32 i = 0; i < w->nfiles; i++) {
		records[i].nid = htole64(w->files[i].nid);
		memcpy(records[i].digest, w->files[i].digest, sizeof(records[i].digest));
	}
	memset(sc, 0, sizeof(*sc));
	sc->records = w->nfiles;
	sc->id = *id;
	hash_content(records, w->nfiles * sizeof(*records), sc->content);
	encode_header(sc, &header);
	ret = write_file(path, sc, &header, records);
	free(records);
	return ret;
}

/* ---- Reading ---- */

static int file_get(struct erofs_sidecar_source *src, u64 nr, struct erofs_sidecar_block *block)
{
	struct sidecar_file *s = (struct sidecar_file *)src;
	u64 pos = nr << EROFS_SIDECAR_BLKBITS;
	ssize_t n = pread(s->fd, s->block, sizeof(s->block), (off_t)pos);

	if (n != (ssize_t)sizeof(s->block))
		return n < 0 ? -errno : -EIO;
	block->data = s->block;
	return 0;
}

static void file_put(struct erofs_sidecar_source *src, struct erofs_sidecar_block *block)
{
	(void)src;
	(void)block;
}

int sidecar_open(struct sidecar_file *s, const char *path)
{
	struct erofs_diag diag = { 0 };
	struct stat st;
	int err;

	memset(s, 0, sizeof(*s));
	s->src.get = file_get;
	s->src.put = file_put;
	s->path = path;
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return complain("%s: is no regular file; name a sidecar", path);
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st))
		return complain("%s: %s", path, strerror(errno));
	s->size = (u64)st.st_size;
	err = erofs_sidecar_open(&s->src, s->size, &s->sc, &diag);
	if (!err)
		return 0;
	sidecar_close(s);
	return sidecar_complain(path, err, &diag);
}

void sidecar_close(struct sidecar_file *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Every record can be found, the digest is its own, and the order holds across leaves. */
static int verify_index(struct sidecar_file *s, const struct erofs_sidecar_record_ondisk *records)
{
	u8 digest[EROFS_SIDECAR_DIGEST_LEN];
	struct erofs_diag diag = { 0 };

	for (u64 i = 0; i < s->sc.records; i++) {
		u64 nid = le64toh(records[i].nid);
		int err;

		if (i && nid <= le64toh(records[i - 1].nid)) {
			err = erofs_fail(&diag, EROFS_CHECK_SC_ORDER, nid, 0, nid);
			return sidecar_complain(s->path, err, &diag);
		}
		/* One look-up per leaf comes through every index entry. */
		if (i % EROFS_SIDECAR_LEAF_MAX && i + 1 < s->sc.records)
			continue;
		err = erofs_sidecar_find(&s->src, &s->sc, nid, digest, &diag);
		if (err == -ENODATA || (!err && memcmp(digest, records[i].digest, sizeof(digest))))
			return complain("%s: the record of nid %llu is not found through the index; make it again with 'erofs-ishare digest'",
					s->path, (unsigned long long)nid);
		if (err)
			return sidecar_complain(s->path, err, &diag);
	}
	return 0;
}

int sidecar_records(struct sidecar_file *s, struct erofs_sidecar_record_ondisk **records)
{
	/* The file was found to be as large as that: there is no larger allocation than it. */
	struct erofs_sidecar_record_ondisk *all = xalloc((size_t)s->sc.records + 1, sizeof(*all));
	struct erofs_sidecar_record_ondisk leaf[EROFS_SIDECAR_LEAF_MAX];
	u8 content[32];
	size_t done = 0;
	int ret = 0;

	for (u64 l = 0; s->sc.levels && l < s->sc.count[0] && !ret; l++) {
		struct erofs_diag diag = { 0 };
		int n = erofs_sidecar_leaf(&s->src, &s->sc, l, leaf, &diag);

		if (n < 0) {
			ret = sidecar_complain(s->path, n, &diag);
			break;
		}
		memcpy(all + done, leaf, (size_t)n * sizeof(*leaf));
		done += (size_t)n;
	}
	if (!ret)
		ret = verify_index(s, all);
	if (!ret) {
		hash_content(all, done * sizeof(*all), content);
		if (memcmp(content, s->sc.content, sizeof(content)))
			ret = complain("%s: its records are not those its header was made for; make it again with 'erofs-ishare digest'",
				       s->path);
	}
	if (ret)
		free(all);
	else
		*records = all;
	return ret;
}
