// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making bad images out of good ones: poke, peek and find, sb (superblock fields by name), sbfix
 * (the checksum again), img (where in the image an inode or a directory entry is).
 *
 * Reads uncompressed, flat directories only: that is what the images to be broken have.
 */
#include "eistool.h"

#include <fcntl.h>
#include <unistd.h>

#define SB 1024

static uint64_t le(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static void get(int fd, uint64_t off, void *buf, size_t len)
{
	if (pread_full(fd, buf, len, off) != (ssize_t)len)
		die("the image ends before %llu", (unsigned long long)(off + len));
}

static int open_image(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, errname(errno));
	return fd;
}

/* poke FILE OFFSET HEX */
int cmd_poke(int argc, char **argv)
{
	uint8_t buf[4096];
	size_t n = 0;
	uint64_t off;
	const char *h;
	int fd;

	if (argc != 4)
		return EX_USAGE;
	off = number(argv[2], "offset");
	for (h = argv[3]; *h; h += 2) {
		unsigned int v;

		if (n == sizeof(buf) || sscanf(h, "%2x", &v) != 1 || !h[1])
			die("'%s' is not a string of hex bytes", argv[3]);
		buf[n++] = v;
	}
	fd = open_image(argv[1], O_RDWR);
	if (pwrite(fd, buf, n, off) != (ssize_t)n)
		die("%s: write: %s", argv[1], errname(errno));
	return EX_OK;
}

/* peek FILE OFFSET LENGTH */
int cmd_peek(int argc, char **argv)
{
	uint8_t c;
	uint64_t off, n;
	int fd;

	if (argc != 4)
		return EX_USAGE;
	fd = open_image(argv[1], O_RDONLY);
	off = number(argv[2], "offset");
	for (n = number(argv[3], "length"); n; n--, off++) {
		get(fd, off, &c, 1);
		printf("%02x", c);
	}
	putchar('\n');
	return EX_OK;
}

/* find FILE HEX: offset of every place where the bytes are */
int cmd_find(int argc, char **argv)
{
	uint8_t pat[256];
	size_t n = 0, len, i;
	unsigned long hits = 0;
	const char *h;
	uint8_t *buf;

	if (argc != 3)
		return EX_USAGE;
	for (h = argv[2]; *h; h += 2) {
		unsigned int v;

		if (n == sizeof(pat) || sscanf(h, "%2x", &v) != 1 || !h[1])
			die("'%s' is not a string of hex bytes", argv[2]);
		pat[n++] = v;
	}
	if (!n)
		return EX_USAGE;
	buf = load_file(argv[1], &len);
	for (i = 0; i + n <= len; i++)
		if (!memcmp(buf + i, pat, n)) {
			printf("%zu\n", i);
			hits++;
		}
	return hits ? EX_OK : EX_FAIL;
}

static const struct field {
	const char *name;
	uint16_t off;
	uint8_t size;
} fields[] = {
	{ "magic", 0, 4 }, { "checksum", 4, 4 }, { "feature_compat", 8, 4 }, { "blkszbits", 12, 1 },
	{ "sb_extslots", 13, 1 }, { "rb", 14, 2 }, { "inos", 16, 8 }, { "epoch", 24, 8 },
	{ "fixed_nsec", 32, 4 }, { "blocks_lo", 36, 4 }, { "meta_blkaddr", 40, 4 },
	{ "xattr_blkaddr", 44, 4 }, { "uuid", 48, 8 }, { "feature_incompat", 80, 4 }, { "u1", 84, 2 },
	{ "extra_devices", 86, 2 }, { "devt_slotoff", 88, 2 }, { "dirblkbits", 90, 1 },
	{ "xattr_prefix_count", 91, 1 }, { "xattr_prefix_start", 92, 4 }, { "packed_nid", 96, 8 },
	{ "xattr_filter_reserved", 104, 1 }, { "ishare_xattr_prefix_id", 105, 1 },
	{ "build_time", 108, 4 }, { "rootnid_8b", 112, 8 }, { "metabox_nid", 128, 8 },
};

static const struct field *field(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	die("no superblock field is called '%s'", name);
}

static uint64_t sb_get(int fd, const char *name)
{
	const struct field *f = field(name);
	uint8_t buf[8];

	get(fd, SB + f->off, buf, f->size);
	return le(buf, f->size);
}

static uint32_t crc32c(uint32_t c, const uint8_t *p, size_t n)
{
	int k;

	while (n--) {
		c ^= *p++;
		for (k = 0; k < 8; k++)
			c = c & 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1;
	}
	return c;
}

static void fix_checksum(int fd)
{
	uint32_t bs = 1U << sb_get(fd, "blkszbits"), len = bs > SB ? bs - SB : bs, crc;
	uint8_t *buf = xmalloc(len), out[4];
	ssize_t n;
	int i;

	/* A truncated image is padded with zeros here: its checksum is wrong in any case. */
	memset(buf, 0, len);
	n = pread_full(fd, buf, len, SB);
	if (n < 128)
		die("no whole superblock");
	memset(buf + 4, 0, 4);
	crc = crc32c(0xffffffff, buf, len);
	for (i = 0; i < 4; i++)
		out[i] = crc >> (8 * i);
	if (pwrite(fd, out, 4, SB + 4) != 4)
		die("write: %s", errname(errno));
	free(buf);
}

/*
 * sb FILE                  all fields
 * sb FILE NAME             one value
 * sb FILE NAME=VALUE...    sets fields, then the checksum; NAME|=VALUE sets bits
 */
int cmd_sb(int argc, char **argv)
{
	bool changed = false;
	size_t i;
	int fd, a;

	if (argc < 2)
		return EX_USAGE;
	fd = open_image(argv[1], argc > 2 && strchr(argv[2], '=') ? O_RDWR : O_RDONLY);
	if (argc == 2) {
		for (i = 0; i < ARRAY_SIZE(fields); i++)
			printf("%s=0x%llx\n", fields[i].name,
			       (unsigned long long)sb_get(fd, fields[i].name));
		return EX_OK;
	}
	for (a = 2; a < argc; a++) {
		char *eq = strchr(argv[a], '='), *name;
		const struct field *f;
		uint64_t v;
		uint8_t out[8];
		int k;

		if (!eq) {
			printf("0x%llx\n", (unsigned long long)sb_get(fd, argv[a]));
			continue;
		}
		name = xstrdup(argv[a]);
		name[eq - argv[a]] = 0;
		v = number(eq + 1, name);
		if (eq > argv[a] && eq[-1] == '|') {
			name[eq - argv[a] - 1] = 0;
			v |= sb_get(fd, name);
		}
		f = field(name);
		for (k = 0; k < f->size; k++)
			out[k] = v >> (8 * k);
		if (pwrite(fd, out, f->size, SB + f->off) != f->size)
			die("%s: write: %s", argv[1], errname(errno));
		free(name);
		changed = true;
	}
	if (changed)
		fix_checksum(fd);
	return EX_OK;
}

int cmd_sbfix(int argc, char **argv)
{
	if (argc != 2)
		return EX_USAGE;
	fix_checksum(open_image(argv[1], O_RDWR));
	return EX_OK;
}

struct inode {
	uint64_t nid, pos, size, startblk, tail;
	uint32_t bs;
	unsigned int layout, mode, isize, xsize;
};

static void read_inode(int fd, uint64_t nid, struct inode *in)
{
	uint8_t b[64];

	memset(in, 0, sizeof(*in));
	in->bs = 1U << sb_get(fd, "blkszbits");
	in->nid = nid;
	in->pos = sb_get(fd, "meta_blkaddr") * in->bs + 32 * nid;
	get(fd, in->pos, b, 32);
	in->isize = b[0] & 1 ? 64 : 32;
	get(fd, in->pos, b, in->isize);
	in->layout = le(b, 2) >> 1 & 7;
	in->mode = le(b + 4, 2);
	in->size = in->isize == 64 ? le(b + 8, 8) : le(b + 8, 4);
	in->startblk = le(b + 16, 4);
	in->xsize = le(b + 2, 2) ? 12 + 4 * (le(b + 2, 2) - 1) : 0;
	in->tail = in->pos + in->isize + in->xsize;
}

/* Where byte `off` of a flat file is in the image. */
static uint64_t locate(const struct inode *in, uint64_t off)
{
	uint64_t full = in->layout == 2 ? (in->size - 1) / in->bs * in->bs : in->size;

	if (in->layout != 0 && in->layout != 2)
		die("inode %llu has layout %u: only flat files are understood",
		    (unsigned long long)in->nid, in->layout);
	return off < full ? in->startblk * in->bs + off : in->tail + (off - full);
}

/* Position of the 12-byte entry of `name` in directory `dir`, or 0. */
static uint64_t find_dirent(int fd, const struct inode *dir, const char *name, size_t len)
{
	uint64_t blk;

	if ((dir->mode & S_IFMT) != S_IFDIR)
		die("inode %llu is not a directory", (unsigned long long)dir->nid);
	for (blk = 0; blk < dir->size; blk += dir->bs) {
		size_t max = dir->size - blk < dir->bs ? dir->size - blk : dir->bs, k, i;
		uint64_t at = locate(dir, blk);
		uint8_t *b = xmalloc(max);

		get(fd, at, b, max);
		k = le(b + 8, 2) / 12;
		for (i = 0; i < k; i++) {
			size_t o = le(b + 12 * i + 8, 2);
			size_t end = i + 1 < k ? le(b + 12 * i + 20, 2) : o + strnlen((char *)b + o, max - o);

			if (end - o == len && !memcmp(b + o, name, len)) {
				free(b);
				return at + 12 * i;
			}
		}
		free(b);
	}
	return 0;
}

static uint64_t lookup(int fd, const char *path, struct inode *in, uint64_t *dirent)
{
	uint64_t nid = sb_get(fd, "rb"), at = 0;
	uint8_t b[8];

	if ((sb_get(fd, "feature_incompat") & 0x80) && sb_get(fd, "rootnid_8b"))
		nid = sb_get(fd, "rootnid_8b");
	read_inode(fd, nid, in);
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			break;
		at = find_dirent(fd, in, path, len);
		if (!at)
			die("no '%.*s' in its directory", (int)len, path);
		get(fd, at, b, 8);
		nid = le(b, 8);
		read_inode(fd, nid, in);
		path += len;
	}
	if (dirent)
		*dirent = at;
	return nid;
}

/*
 * img IMAGE PATH: prints nid, byte offset of the inode and of the entry that names it, layout,
 * size, block, tail. PATH "" or / is the root.
 */
int cmd_img(int argc, char **argv)
{
	struct inode in;
	uint64_t dirent;
	int fd;

	if (argc != 3)
		return EX_USAGE;
	fd = open_image(argv[1], O_RDONLY);
	lookup(fd, argv[2], &in, &dirent);
	printf("nid=%llu inode=%llu dirent=%llu layout=%u mode=%o size=%llu startblk=%llu tail=%llu isize=%u data=%llu bs=%u\n",
	       (unsigned long long)in.nid, (unsigned long long)in.pos, (unsigned long long)dirent, in.layout,
	       in.mode, (unsigned long long)in.size, (unsigned long long)in.startblk,
	       (unsigned long long)in.tail, in.isize,
	       (unsigned long long)((in.layout == 0 || in.layout == 2) && in.size ? locate(&in, 0) : 0),
	       in.bs);
	return EX_OK;
}
