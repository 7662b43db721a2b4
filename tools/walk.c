// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walking an image's directories; see walk.h.
 */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "walk.h"

/* What directories may hold together: generous, for compressed ones are larger than they look. */
#define DIR_BYTES_BASE	(1ULL << 30)
#define DIR_BYTES_RATIO	64U

/* ---- Growing arrays ---- */

static void *grown(void *array, size_t *room, size_t need, size_t size)
{
	void *larger;
	size_t n = *room ? *room : 64;

	if (need <= *room)
		return array;
	while (n < need)
		n *= 2;
	larger = realloc(array, n * size);
	if (!larger) {
		complain("out of memory (%zu times %zu bytes)", n, size);
		exit(SAY_FAILED);
	}
	*room = n;
	return larger;
}

static struct walk_name add_name(struct walk *w, u32 parent, const char *name, u32 len)
{
	struct walk_name n = { .parent = parent, .len = len, .at = w->names_len };

	w->names = grown(w->names, &w->names_room, w->names_len + len, 1);
	memcpy(w->names + w->names_len, name, len);
	w->names_len += len;
	return n;
}

static void add_dir(struct walk *w, u64 nid, struct walk_name name)
{
	size_t room = w->dirs_room;

	w->dirs = grown(w->dirs, &room, (size_t)w->ndirs + 1, sizeof(*w->dirs));
	w->dirs_room = (u32)room;
	w->dirs[w->ndirs++] = (struct walk_dir){ .nid = nid, .name = name };
}

static void add_file(struct walk *w, u64 nid, u64 size, struct walk_name name)
{
	size_t room = w->files_room;

	w->files = grown(w->files, &room, (size_t)w->nfiles + 1, sizeof(*w->files));
	w->files_room = (u32)room;
	w->files[w->nfiles++] = (struct walk_file){ .nid = nid, .size = size, .name = name };
	w->bytes = w->bytes + size < size ? ~0ULL : w->bytes + size;
}

/* ---- Node ids seen ---- */

/* Seeded, so that no image can choose node ids that collide. */
static size_t seen_slot(const struct walk *w, u64 nid)
{
	u64 h = nid ^ w->seed;
	size_t slot;

	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ h >> 27) * 0x94d049bb133111ebULL;
	slot = (size_t)(h ^ h >> 31) & (w->seen_room - 1);
	while (w->seen[slot] && w->seen[slot] != nid + 1)
		slot = (slot + 1) & (w->seen_room - 1);
	return slot;
}

/* Was @nid seen before? From now on it was. */
static bool seen(struct walk *w, u64 nid)
{
	size_t slot;

	if (w->nseen * 2 >= w->seen_room) {
		u64 *old = w->seen;
		size_t room = w->seen_room;

		w->seen_room = room ? room * 2 : 1024;
		w->seen = xalloc(w->seen_room, sizeof(*w->seen));
		for (size_t i = 0; i < room; i++) {
			if (old[i])
				w->seen[seen_slot(w, old[i] - 1)] = old[i];
		}
		free(old);
	}
	slot = seen_slot(w, nid);
	if (w->seen[slot])
		return true;
	w->seen[slot] = nid + 1;
	w->nseen++;
	return false;
}

/* ---- Directories ---- */

static int failed(const struct walk *w, const struct image *image, const struct walk_name *name,
		  int err, const struct erofs_diag *diag)
{
	char path[4096];

	return complain_image(image, walk_path(w, name, path, sizeof(path)), err, diag);
}

static int visit_entry(struct walk *w, struct view *v, u32 dir, const struct erofs_dirent *de)
{
	struct walk_name name;
	struct erofs_diag diag = { 0 };
	struct erofs_inode inode;
	int err;

	if (de->namelen <= 2 && !memcmp(de->name, "..", de->namelen))
		return 0;
	if (de->nid != ~0ULL && seen(w, de->nid))
		return 0;
	name = add_name(w, dir, de->name, de->namelen);
	err = erofs_inode_read(&v->src, &v->image->sb, de->nid, &inode, &diag);
	if (err)
		return failed(w, v->image, &name, err, &diag);
	switch (inode.mode & 0170000) {
	case 0040000:
		add_dir(w, de->nid, name);
		break;
	case 0100000:
		if (inode.size)
			add_file(w, de->nid, inode.size, name);
		break;
	}
	return 0;
}

static int walk_block(struct walk *w, struct view *v, u32 dir, const u8 *data, u32 len, u64 pos)
{
	struct erofs_diag diag = { 0 };
	struct erofs_dirblock db;
	int err;

	err = erofs_dirblock_open(&db, data, len, 1U << v->image->sb.blkszbits, w->dirs[dir].nid,
				  pos, &diag);
	for (u32 i = 0; !err && i < db.count; i++) {
		struct erofs_dirent de;

		err = erofs_dirblock_entry(&db, i, &de, &diag);
		if (!err && visit_entry(w, v, dir, &de))
			return -1;
	}
	return err ? failed(w, v->image, &w->dirs[dir].name, err, &diag) : 0;
}

static int walk_dir(struct walk *w, struct view *v, u32 dir, u8 *buf, struct progress *progress)
{
	const struct image *image = v->image;
	const u64 most = DIR_BYTES_BASE + DIR_BYTES_RATIO * image->bytes;
	u32 blksize = 1U << image->sb.blkszbits;
	struct erofs_diag diag = { 0 };
	struct zinode z;
	int err;

	err = erofs_inode_read(&v->src, &image->sb, w->dirs[dir].nid, &z.inode, &diag);
	if (!err && z.inode.size > most - w->dir_bytes)
		return complain("%s: its directories claim more than %llu bytes, which an image of %llu bytes cannot mean; check it with fsck.erofs",
				image->name, (unsigned long long)most,
				(unsigned long long)image->bytes);
	if (!err)
		err = zinode_open(v, &z, &diag);
	if (!err)
		err = zinode_prove(v, &z, &diag);
	for (u64 pos = 0; !err && pos < z.inode.size; pos += blksize) {
		u32 len = z.inode.size - pos < blksize ? (u32)(z.inode.size - pos) : blksize;

		w->dir_bytes += len;
		err = view_content(v, &z, pos, buf, len, &diag);
		if (!err && walk_block(w, v, dir, buf, len, pos))
			return -1;
		progress_show(progress, "looking for files", w->nfiles, 0, 0, 0);
	}
	return err ? failed(w, image, &w->dirs[dir].name, err, &diag) : 0;
}

static int by_nid(const void *pa, const void *pb)
{
	const struct walk_file *a = pa, *b = pb;

	return (a->nid > b->nid) - (a->nid < b->nid);
}

/* What files and metadata are made of is content itself. */
static int prove_named(struct view *v)
{
	const struct image *image = v->image;
	struct erofs_diag diag = { 0 };
	int err = 0;

	if (image->packed_ready)
		err = zinode_prove(v, &image->packed, &diag);
	if (err)
		return complain_image(image, "packed inode", err, &diag);
	if (image->metabox_ready)
		err = zinode_prove(v, &image->metabox, &diag);
	return err ? complain_image(image, "metabox inode", err, &diag) : 0;
}

int walk_image(struct walk *w, const struct image *image, struct progress *progress)
{
	struct walk_name root = { .parent = WALK_NO_PARENT };
	struct view *v = view_new(image);
	u8 *buf = xalloc(1, 1U << EROFS_BLKSZBITS_MAX);
	struct erofs_diag diag = { 0 };
	struct erofs_inode inode;
	int ret = 0, err;

	memset(w, 0, sizeof(*w));
	if (getrandom(&w->seed, sizeof(w->seed), GRND_NONBLOCK) != sizeof(w->seed))
		w->seed = (u64)time(NULL);
	err = erofs_inode_read(&v->src, &image->sb, image->sb.root_nid, &inode, &diag);
	if (!err)
		err = erofs_role_check(&inode, EROFS_ROLE_ROOT, &diag);
	if (err)
		ret = complain_image(image, "root directory", err, &diag);
	seen(w, image->sb.root_nid);
	add_dir(w, image->sb.root_nid, root);
	if (!ret)
		ret = prove_named(v);
	for (u32 i = 0; !ret && i < w->ndirs; i++)
		ret = walk_dir(w, v, i, buf, progress);
	free(buf);
	view_free(v);
	if (ret)
		walk_free(w);
	else if (w->nfiles)
		qsort(w->files, w->nfiles, sizeof(*w->files), by_nid);
	return ret;
}

void walk_free(struct walk *w)
{
	free(w->files);
	free(w->dirs);
	free(w->names);
	free(w->seen);
	memset(w, 0, sizeof(*w));
}

const char *walk_path(const struct walk *w, const struct walk_name *name, char *buf, size_t size)
{
	size_t at = size - 1;

	buf[at] = '\0';
	/* Every directory was found once, below one found earlier: this ends. */
	for (;;) {
		/* But for the root, which has no name, a slash comes with it. */
		if (name->len + (name->parent != WALK_NO_PARENT) > at) {
			at = at < 3 ? 3 : at;
			memcpy(buf, "...", 3);
			memmove(buf + 3, buf + at, size - at);
			return buf;
		}
		at -= name->len;
		memcpy(buf + at, w->names + name->at, name->len);
		if (name->parent == WALK_NO_PARENT)
			break;
		buf[--at] = '/';
		name = &w->dirs[name->parent].name;
	}
	return buf[at] ? buf + at : "/";
}
