// SPDX-License-Identifier: GPL-2.0-only
/*
 * digest: make a sidecar. check: prove that one fits. info: tell what a file is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "hash.h"
#include "sidecar.h"

/* Find all files of an image and compute their digests. */
static int digest_image(const struct options *opts, const struct image *image, struct walk *w)
{
	struct progress progress;
	int ret;

	progress_begin(&progress, opts->progress);
	ret = walk_image(w, image, &progress);
	if (!ret) {
		ret = hash_files(w, image, opts->threads, &progress);
		if (ret)
			walk_free(w);
	}
	progress_end(&progress);
	return ret;
}

static int open_image(const struct options *opts, const char *path, struct image *image)
{
	struct image_args args = opts->image;

	args.path = path;
	return image_open(image, &args);
}

/* ---- digest ---- */

/* One line as sha256sum(1) writes it, which marks a name that it had to escape. */
static int list_file(const struct walk *w, const struct walk_file *file, const char *image)
{
	char path[4096];
	const char *name = walk_path(w, &file->name, path, sizeof(path));

	if (*name != '/')
		return complain("%s: %s (nid %llu): this is the end of a path of more than %zu bytes, which no program can open",
				image, name, (unsigned long long)file->nid, sizeof(path) - 1);
	if (strpbrk(name, "\\\n\r"))
		putchar('\\');
	for (u32 i = 0; i < EROFS_SIDECAR_DIGEST_LEN; i++)
		printf("%02x", file->digest[i]);
	fputs("  ", stdout);
	for (name += *name == '/'; *name; name++) {
		if (*name == '\\' || *name == '\n' || *name == '\r')
			printf("\\%c", *name == '\n' ? 'n' : *name == '\r' ? 'r' : '\\');
		else
			putchar(*name);
	}
	putchar('\n');
	return 0;
}

static int list_image(const struct options *opts, const struct image *image)
{
	struct walk w;
	int ret = 0;

	if (digest_image(opts, image, &w))
		return -1;
	for (u32 i = 0; i < w.nfiles; i++)
		ret |= list_file(&w, &w.files[i], image->name);
	walk_free(&w);
	return ret;
}

static bool uuid_is_zero(const u8 *uuid)
{
	static const u8 zero[EROFS_UUID_LEN];

	return !memcmp(uuid, zero, sizeof(zero));
}

static int make_sidecar(const struct options *opts, const struct image *image, const char *path)
{
	struct erofs_image_id id;
	struct erofs_sidecar sc;
	struct walk w;
	int ret;

	if (image->sb.has_ishare)
		complain("%s: carries digests itself, so a sidecar is used only for files that have none in it",
			 image->name);
	if (uuid_is_zero(image->sb.uuid))
		complain("%s: has no uuid, so its sidecar is told from that of a similar image by the superblock only",
			 image->name);
	if (sidecar_target(path, image) || sidecar_id(image, &id) || digest_image(opts, image, &w))
		return -1;
	ret = sidecar_write(path, &w, &id, &sc);
	if (!ret)
		printf("%s: %llu files, %llu bytes of content, %llu bytes of sidecar\n", path,
		       (unsigned long long)sc.records, (unsigned long long)w.bytes,
		       (unsigned long long)sc.blocks << EROFS_SIDECAR_BLKBITS);
	walk_free(&w);
	return ret;
}

int command_digest(const struct options *opts, char **args)
{
	struct image image;
	struct stat st;
	char *output;
	int ret;

	if (!args[0] || args[1])
		return usage_error("digest: name one image");
	if (opts->list && opts->output)
		return usage_error("digest: --list writes no sidecar, so --output has no meaning");
	if (!opts->list && !opts->output && !stat(args[0], &st) && S_ISBLK(st.st_mode))
		return usage_error("digest: the image is a block device, and /dev no place for a file: name one with --output");
	if (open_image(opts, args[0], &image))
		return SAY_FAILED;
	if (opts->list) {
		ret = list_image(opts, &image);
	} else if (opts->output) {
		ret = make_sidecar(opts, &image, opts->output);
	} else {
		output = xalloc(strlen(args[0]) + sizeof(".sidecar"), 1);
		sprintf(output, "%s.sidecar", args[0]);
		ret = make_sidecar(opts, &image, output);
		free(output);
	}
	image_close(&image);
	return ret ? SAY_FAILED : SAY_OK;
}

/* ---- check ---- */

/* Both are sorted by node id. Returns the number of differences, each of them told. */
static u64 compare(const struct sidecar_file *s, const struct walk *w,
		   const struct erofs_sidecar_record_ondisk *records)
{
	u64 bad = 0, r = 0;
	char path[4096];
	u32 f = 0;

	/* Any number may be a node id in a sidecar, so none of them says that there is no more. */
	while (f < w->nfiles || r < s->sc.records) {
		bool is = f < w->nfiles, has = r < s->sc.records;
		const char *what = NULL;

		if (is && has) {
			u64 nid = le64toh(records[r].nid);

			is = w->files[f].nid <= nid;
			has = nid <= w->files[f].nid;
		}
		if (is && !has)
			what = "is not in the sidecar";
		else if (is && memcmp(w->files[f].digest, records[r].digest, sizeof(records[r].digest)))
			what = "has another digest in the sidecar";
		if (what && ++bad <= 20)
			complain("%s: %s (nid %llu) %s", s->path,
				 walk_path(w, &w->files[f].name, path, sizeof(path)),
				 (unsigned long long)w->files[f].nid, what);
		if (has && !is && ++bad <= 20)
			complain("%s: nid %llu is no file of the image", s->path,
				 (unsigned long long)le64toh(records[r].nid));
		f += is;
		r += has;
	}
	return bad;
}

/* What the image itself says about a file: 0 right, 1 nothing, 2 something else, or a failure. */
static int own_digest(struct view *v, const struct walk_file *file, struct erofs_diag *diag)
{
	u8 want[EROFS_SIDECAR_FP_LEN] = "sha256:", got[EROFS_SIDECAR_FP_LEN];
	struct erofs_inode inode;
	int ret;

	memcpy(want + 7, file->digest, sizeof(file->digest));
	ret = erofs_inode_read(&v->src, &v->image->sb, file->nid, &inode, diag);
	if (!ret)
		ret = erofs_fingerprint_get(&v->src, &v->image->sb, v->image->prefixes, &inode, got,
					    sizeof(got), diag);
	if (ret == -ENODATA)
		return 1;
	if (ret < 0 && ret != -ERANGE)
		return ret;
	return ret == sizeof(want) && !memcmp(got, want, sizeof(want)) ? 0 : 2;
}

/*
 * Are the digests that the image carries right? 0, or -1 when one of them is not; *none: files
 * without one.
 */
static int own_digests(const struct image *image, const struct walk *w, u64 *none)
{
	struct view *v = view_new(image);
	u64 bad = 0;
	int ret = 0;

	*none = 0;
	for (u32 i = 0; i < w->nfiles && ret >= 0; i++) {
		const struct walk_file *file = &w->files[i];
		struct erofs_diag diag = { 0 };
		char path[4096];

		ret = own_digest(v, file, &diag);
		*none += ret == 1;
		if (ret < 0)
			complain_image(image, walk_path(w, &file->name, path, sizeof(path)), ret,
				       &diag);
		if (ret == 2 && ++bad <= 20)
			complain("%s: %s (nid %llu) has another digest in the image", image->name,
				 walk_path(w, &file->name, path, sizeof(path)),
				 (unsigned long long)file->nid);
	}
	view_free(v);
	if (ret < 0)
		return -1;
	return bad ? complain("%s: %llu digests are wrong: rebuild the image", image->name,
			      (unsigned long long)bad) : 0;
}

static int check_content(const struct options *opts, const struct sidecar_file *s,
			 const struct image *image,
			 const struct erofs_sidecar_record_ondisk *records)
{
	struct walk w;
	u64 bad, none;
	int ret = 0;

	if (digest_image(opts, image, &w))
		return -1;
	/* Where the image says something about a file, nobody asks the sidecar. */
	if (image->sb.has_ishare)
		ret = own_digests(image, &w, &none);
	bad = compare(s, &w, records);
	if (bad)
		ret = complain("%s: %llu records are wrong: make it again with 'erofs-ishare digest'",
			       s->path, (unsigned long long)bad);
	if (!ret)
		printf("%s: fits %s: the digests of all %u files are right\n", s->path, image->name,
		       w.nfiles);
	walk_free(&w);
	return ret;
}

static int check_with(const struct options *opts, struct sidecar_file *s, const struct image *image)
{
	struct erofs_sidecar_record_ondisk *records;
	struct erofs_diag diag = { 0 };
	struct erofs_image_id id;
	int err, ret;

	if (sidecar_id(image, &id))
		return -1;
	err = erofs_sidecar_match(&s->sc, &id, &diag);
	if (err)
		return sidecar_complain(s->path, err, &diag);
	if (sidecar_records(s, &records))
		return -1;
	if (opts->quick) {
		printf("%s: made of %s (or of one with the same superblock), undamaged, %llu files; their digests were not computed again\n",
		       s->path, image->name, (unsigned long long)s->sc.records);
		ret = 0;
	} else {
		ret = check_content(opts, s, image, records);
	}
	free(records);
	return ret;
}

/* Without a sidecar */
static int check_own(const struct options *opts, const struct image *image)
{
	struct walk w;
	u64 none;
	int ret;

	if (!image->sb.has_ishare)
		return complain("%s: carries no digests; name a sidecar before it, or make one with 'erofs-ishare digest'",
				image->name);
	if (digest_image(opts, image, &w))
		return -1;
	ret = own_digests(image, &w, &none);
	if (!ret)
		printf("%s: its own digests are right: %llu files, %llu without one\n", image->name,
		       (unsigned long long)(w.nfiles - none), (unsigned long long)none);
	walk_free(&w);
	return ret;
}

int command_check(const struct options *opts, char **args)
{
	struct sidecar_file s;
	struct image image;
	int ret;

	if (!args[0] || (args[1] && args[2]))
		return usage_error("check: name a sidecar and its image, or an image that carries digests");
	if (!args[1]) {
		if (open_image(opts, args[0], &image))
			return SAY_FAILED;
		ret = check_own(opts, &image);
		image_close(&image);
		return ret ? SAY_FAILED : SAY_OK;
	}
	if (sidecar_open(&s, args[0]))
		return SAY_FAILED;
	ret = open_image(opts, args[1], &image);
	if (!ret) {
		ret = check_with(opts, &s, &image);
		image_close(&image);
	}
	sidecar_close(&s);
	return ret ? SAY_FAILED : SAY_OK;
}

/* ---- info ---- */

static void print_uuid(const u8 *uuid)
{
	printf("uuid:           ");
	for (u32 i = 0; i < EROFS_UUID_LEN; i++)
		printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	putchar('\n');
}

/* Names from an image go to a terminal: nothing but printable ASCII. */
static void print_text(const char *label, const char *text)
{
	printf("%-16s", label);
	for (; *text; text++)
		putchar(*text >= ' ' && *text < 127 ? *text : '?');
	putchar('\n');
}

static void print_features(const struct erofs_super *sb)
{
	static const struct {
		u32 bit;
		const char *name;
	} compat[] = {
		{ EROFS_COMPAT_SB_CHKSUM, "sb_chksum" },
		{ EROFS_COMPAT_MTIME, "mtime" },
		{ EROFS_COMPAT_XATTR_FILTER, "xattr_filter" },
		{ EROFS_COMPAT_SHARED_EA_IN_METABOX, "shared_ea_in_metabox" },
		{ EROFS_COMPAT_PLAIN_XATTR_PFX, "plain_xattr_pfx" },
		{ EROFS_COMPAT_ISHARE_XATTRS, "ishare_xattrs" },
	}, incompat[] = {
		{ EROFS_INCOMPAT_LZ4_0PADDING, "0padding" },
		{ EROFS_INCOMPAT_COMPR_CFGS, "compr_cfgs/big_pcluster" },
		{ EROFS_INCOMPAT_CHUNKED_FILE, "chunked_file" },
		{ EROFS_INCOMPAT_DEVICE_TABLE, "device_table/compr_head2" },
		{ EROFS_INCOMPAT_ZTAILPACKING, "ztailpacking" },
		{ EROFS_INCOMPAT_FRAGMENTS, "fragments/dedupe" },
		{ EROFS_INCOMPAT_XATTR_PREFIXES, "xattr_prefixes" },
		{ EROFS_INCOMPAT_48BIT, "48bit" },
		{ EROFS_INCOMPAT_METABOX, "metabox" },
	};

	printf("features:      ");
	for (u32 i = 0; i < sizeof(compat) / sizeof(compat[0]); i++) {
		if (sb->feature_compat & compat[i].bit)
			printf(" %s", compat[i].name);
	}
	for (u32 i = 0; i < sizeof(incompat) / sizeof(incompat[0]); i++) {
		if (sb->feature_incompat & incompat[i].bit)
			printf(" %s", incompat[i].name);
	}
	printf("\ncompression:   ");
	for (u32 i = 0; i < EROFS_ALG_COUNT; i++) {
		if (sb->algorithms >> i & 1)
			printf(" %s", erofs_algorithm_name(i));
	}
	puts(sb->algorithms ? "" : " none");
}

static void print_digests(const struct image *image)
{
	static const char *const spaces[] = {
		[EROFS_XATTR_INDEX_USER] = "user.", [EROFS_XATTR_INDEX_TRUSTED] = "trusted.",
		[EROFS_XATTR_INDEX_SECURITY] = "security.",
	};
	const struct erofs_prefix *prefix;
	char name[EROFS_XATTR_NAME_MAX + 16] = "";

	if (!image->sb.has_ishare) {
		puts("digests:        none (make a sidecar: erofs-ishare digest)");
		return;
	}
	prefix = &image->prefixes[image->sb.ishare_prefix_id];
	if (prefix->base_index < sizeof(spaces) / sizeof(spaces[0]) && spaces[prefix->base_index])
		strcpy(name, spaces[prefix->base_index]);
	strncat(name, prefix->infix, prefix->len);
	print_text("digests:", name);
}

static int info_image(const struct options *opts, const char *path)
{
	struct image image;

	if (open_image(opts, path, &image))
		return SAY_FAILED;
	printf("%s: EROFS image\n", path);
	print_uuid(image.sb.uuid);
	print_text("label:", image.sb.volume_name);
	printf("block size:     %u\nblocks:         %llu\ninodes:         %llu\n",
	       1U << image.sb.blkszbits, (unsigned long long)image.sb.blocks,
	       (unsigned long long)image.sb.inos);
	for (u32 i = 0; i < image.sb.extra_devices; i++) {
		printf("device %u:       %llu blocks, ", i + 1,
		       (unsigned long long)image.devs[i].blocks);
		print_text("tag", image.devs[i].tag);
	}
	print_features(&image.sb);
	print_digests(&image);
	image_close(&image);
	return SAY_OK;
}

static int info_sidecar(const char *path)
{
	struct sidecar_file s;

	if (sidecar_open(&s, path))
		return SAY_FAILED;
	printf("%s: sidecar index, version %u\n", path, EROFS_SIDECAR_VERSION);
	printf("algorithm:      %s\nfiles:          %llu\nof the image with\n",
	       EROFS_SIDECAR_ALGORITHM, (unsigned long long)s.sc.records);
	print_uuid(s.sc.id.uuid);
	printf("block size:     %u\nblocks:         %llu\nextra devices:  %u (%llu blocks)\nsb checksum:    0x%08x\n",
	       1U << (s.sc.id.blkszbits & 31), (unsigned long long)s.sc.id.blocks,
	       s.sc.id.extra_devices, (unsigned long long)s.sc.id.device_blocks,
	       s.sc.id.sb_checksum);
	sidecar_close(&s);
	return SAY_OK;
}

int command_info(const struct options *opts, char **args)
{
	u8 head[EROFS_SIDECAR_MAGIC_LEN] = { 0 };
	int fd;

	if (!args[0] || args[1])
		return usage_error("info: name one image or sidecar");
	fd = open(args[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		complain("%s: %s", args[0], strerror(errno));
		return SAY_FAILED;
	}
	if (pread(fd, head, sizeof(head), 0) < 0)
		memset(head, 0, sizeof(head));
	close(fd);
	return erofs_sidecar_is(head) ? info_sidecar(args[0]) : info_image(opts, args[0]);
}
