// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images of mkfs.erofs, compared with the tree they were made from.
 *
 * Rules: the mkfs.erofs of $MKFS, else the one in $PATH; a test is skipped, and
 * says so, only when there is none or when it does not know an option.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests.h"
#include "walk.h"
#ifdef HAVE_CODECS
#include "zread.h"
#endif

static char work[PATH_MAX];		/* the scratch directory, beside this program */
static char mkfs[PATH_MAX];
static char skip_reason[256];
static unsigned int not_made;		/* images that this mkfs.erofs has no options for */
static bool have_xattrs;

#define MAX_OPTIONS	6

/* ---- Making images ------------------------------------------------------------- */

static bool find_mkfs(void)
{
	const char *env = getenv("MKFS"), *path = getenv("PATH");

	if (env && *env) {
		snprintf(mkfs, sizeof(mkfs), "%s", env);
		return true;	/* if it cannot be run, that is a failure */
	}
	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(mkfs, sizeof(mkfs), "%.*s/mkfs.erofs", (int)len, path);
		if (!access(mkfs, X_OK))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static void put_file(const char *name, const void *data, size_t len, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK_THAT(fd >= 0 && write(fd, data, len) == (ssize_t)len && !fchmod(fd, mode), "%s: %m",
		   name);
	close(fd);
}

/* A hole between two copies of @data. */
static void put_hole(const char *name, const void *data, size_t len, off_t hole)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	CHECK_THAT(fd >= 0 && write(fd, data, len) == (ssize_t)len &&
		   pwrite(fd, data, len, (off_t)len + hole) == (ssize_t)len, "%s: %m", name);
	close(fd);
}

/* Words in no order: compresses well here and less so there. */
static void make_text(u8 *out, size_t len)
{
	u32 seed = 1;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		if (i > 64 && seed >> 30) {
			u32 n = seed >> 16 & 31, back = 8 + (seed >> 21 & 31);

			while (n-- && i < len - 1) {
				out[i] = out[i - back];
				i++;
			}
		}
		out[i] = (u8)("etaoin shrdlu"[(seed >> 16) % 13]);
	}
}

/* The source tree, in the directory "tree" of the present directory. */
static void make_tree(void)
{
	static u8 data[300000], text[3000000];
	char name[300], target[2001];

	sample_pattern(data, sizeof(data), 99);
	CHECK_EQ(mkdir("tree", 0755), 0);
	CHECK_EQ(chdir("tree"), 0);
	put_file("empty", "", 0, 0644);
	put_file("one", "1", 1, 0600);
	put_file("small", "hello, world\n", 13, 04755);
	put_file("block-1", data, 4095, 0644);
	put_file("block", data, 4096, 0644);
	put_file("block+1", data, 4097, 0640);
	put_file("big", data, sizeof(data), 0644);
	memset(data + 8192, 0, 65536);		/* zeros become holes or repeated chunks */
	memcpy(data + 200000, data, 8192);
	put_file("sparse", data, sizeof(data), 0644);
	make_text(text, sizeof(text));
	put_file("text", text, sizeof(text), 0644);
	put_file("text-again", text + 5000, 1000000, 0644);	/* for deduplication */
	put_file("text-small", text, 9000, 0644);
	put_file("text-tiny", text + 100, 700, 0644);
	put_hole("hole", text, 100000, 1500000);
	memcpy(text + 100000, data, sizeof(data));
	memset(text + 700000, 0, 1400000);
	put_file("mixed", text, 2500001, 0644);
	CHECK_EQ(link("small", "small-link"), 0);
	CHECK_EQ(symlink("small", "link"), 0);
	memset(target, 't', 2000);
	target[2000] = 0;
	CHECK_EQ(symlink(target, "long-link"), 0);
	CHECK_EQ(mkfifo("fifo", 0644), 0);
	CHECK_EQ(mkdir("dir", 0755), 0);
	CHECK_EQ(mkdir("dir/empty", 0700), 0);
	CHECK_EQ(mkdir("many", 0755), 0);
	for (int i = 0; i < 700; i++) {
		snprintf(name, sizeof(name), "many/%.*s%d", i % 200,
			 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", i);
		put_file(name, name, strlen(name), 0644);
	}
	have_xattrs = !setxattr("small", "user.common", "value", 5, 0) &&
		      !setxattr("one", "user.common", "value", 5, 0) &&
		      !setxattr("dir", "user.common", "value", 5, 0) &&
		      !setxattr("big", "user.only-here", data, 3000, 0) &&
		      !setxattr("big", "user.empty", "", 0, 0);
	CHECK_EQ(chdir(".."), 0);
}

static int run(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		int fd = open("mkfs.log", O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int remove_tree(void)
{
	char *const argv[] = { "rm", "-rf", work, NULL };

	return run(argv);
}

static bool load_file(const char *name, struct img *img)
{
	struct stat st;
	int fd = open(name, O_RDONLY);
	bool ok;

	memset(img, 0, sizeof(*img));
	if (fd < 0 || fstat(fd, &st))
		return false;
	img->len = (size_t)st.st_size;
	img->data = malloc(img->len);
	img->bb = 12;
	ok = img->data && read(fd, img->data, img->len) == st.st_size;
	close(fd);
	return ok;
}

/* ---- Comparing ------------------------------------------------------------------- */

static void compare_content(struct walk *w, const struct erofs_inode *inode, const u8 *want)
{
	u8 *got = malloc((size_t)inode->size + 1);
	struct erofs_diag diag = { 0 };
	int err = reader_file(w->r, inode, 0, got, (size_t)inode->size, &diag);

	if (erofs_inode_compressed(inode) && !reader_compressed) {
		if (inode->size) {
			CHECK_EQ(err, -EOPNOTSUPP);
			CHECK_EQ(diag.check, EROFS_CHECK_MAP_COMPRESSED);
		}
	} else {
		CHECK_EQ(err, 0);
		CHECK_THAT(!memcmp(got, want, (size_t)inode->size), "content differs");
	}
	free(got);
}

static int count_emit(void *ctx, u8 index, const char *name, size_t namelen)
{
	(void)name;
	(void)namelen;
	*(int *)ctx += index == EROFS_XATTR_INDEX_USER;
	return 0;
}

static void compare_xattrs(struct walk *w, const char *path, const struct erofs_inode *inode)
{
	static char names[65536], want[65536], got[65536];
	ssize_t len = llistxattr(path, names, sizeof(names));
	int user = 0, listed = 0;

	for (char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t size = lgetxattr(path, name, want, sizeof(want));

		if (strncmp(name, "user.", 5) || size < 0)
			continue;
		user++;
		CHECK_EQ(erofs_xattr_get(&w->r->src, &w->sb, w->prefixes, inode,
					 EROFS_XATTR_INDEX_USER, name + 5, strlen(name + 5), got,
					 sizeof(got), NULL), size);
		CHECK(!memcmp(want, got, (size_t)size));
	}
	CHECK_EQ(erofs_xattr_list(&w->r->src, &w->sb, w->prefixes, inode, count_emit, &listed,
				  NULL), 0);
	CHECK_EQ(listed, user);
	CHECK_EQ(erofs_xattr_get(&w->r->src, &w->sb, w->prefixes, inode, EROFS_XATTR_INDEX_USER,
				 "not there", 9, NULL, 0, NULL), -ENODATA);
}

/* Section 6.8: every non-empty regular file has a digest, nothing else has one. */
static void compare_fingerprint(struct walk *w, const struct erofs_inode *inode)
{
	u8 print[64];
	int want = S_ISREG(inode->mode) && inode->size ? 39 : -ENODATA;

	CHECK_EQ(erofs_fingerprint_get(&w->r->src, &w->sb, w->prefixes, inode, print, sizeof(print),
				       NULL), want);
	if (want > 0)
		CHECK(!memcmp(print, "sha256:", 7));
	/* SHA-256 of "1", the content of one file of the tree */
	if (want > 0 && inode->size == 1)
		CHECK(!memcmp(print + 7, "\x6b\x86\xb2\x73\xff\x34\xfc\xe1\x9d\x6b\x80\x4e"
			      "\xff\x5a\x3f\x57\x47\xad\xa4\xea\xa2\x2f\x1d\x49\xc0\x1e"
			      "\x52\xdd\xb7\x87\x5b\x4b", 32));
}

static void compare_inode(struct walk *w, const char *path, const struct erofs_inode *inode)
{
	static u8 want[1 << 22];
	struct stat st;

	CHECK_EQ(lstat(path, &st), 0);
	CHECK_EQ(inode->mode, st.st_mode);
	CHECK_EQ(inode->uid, st.st_uid);
	CHECK_EQ(inode->gid, st.st_gid);
	CHECK_EQ(inode->nlink, st.st_nlink);
	if (inode->xattr_pos - inode->nid * 32 - ((u64)w->sb.meta_blkaddr << w->sb.blkszbits) == 64) {
		CHECK_EQ(inode->mtime, st.st_mtim.tv_sec);
		CHECK_EQ(inode->mtime_nsec, st.st_mtim.tv_nsec);
	}
	compare_xattrs(w, path, inode);
	if (w->sb.has_ishare)
		compare_fingerprint(w, inode);
	if (S_ISREG(st.st_mode)) {
		int fd = open(path, O_RDONLY);

		CHECK_EQ(inode->size, st.st_size);
		CHECK_EQ(read(fd, want, sizeof(want)), st.st_size);
		close(fd);
		compare_content(w, inode, want);
	} else if (S_ISLNK(st.st_mode)) {
		ssize_t len = readlink(path, (char *)want, sizeof(want));

		CHECK_EQ(inode->size, len);
		CHECK_EQ(erofs_symlink_check(inode, want, (size_t)inode->size, NULL), 0);
		compare_content(w, inode, want);
	}
}

/* Names that readdir finds in the image. */
static u32 count_entries(struct walk *w, const struct erofs_inode *dir)
{
	u32 bs = 1U << w->sb.blkszbits, n = 0;

	for (u64 pos = 0; pos < dir->size; pos += bs) {
		u32 len = dir->size - pos < bs ? (u32)(dir->size - pos) : bs;
		u8 *block = malloc(len);
		struct erofs_dirblock db = { 0 };
		struct erofs_dirent de;

		CHECK_EQ(reader_file(w->r, dir, pos, block, len, NULL), 0);
		CHECK_EQ(erofs_dirblock_open(&db, block, len, bs, dir->nid, pos, NULL), 0);
		for (u32 i = 0; i < db.count; i++)
			CHECK_EQ(erofs_dirblock_entry(&db, i, &de, NULL), 0);
		n += db.count;
		free(block);
	}
	return n;
}

static void compare_dir(struct walk *w, const char *path, u64 nid, int depth)
{
	struct erofs_inode dir;
	struct dirent *de;
	u32 entries = 0;
	DIR *d = opendir(path);

	CHECK_EQ(erofs_inode_read(&w->r->src, &w->sb, nid, &dir, NULL), 0);
	CHECK(d != NULL);
	compare_inode(w, path, &dir);
	while (d && (de = readdir(d))) {
		struct erofs_inode inode;
		char child[PATH_MAX];
		u64 child_nid = 0;
		u8 type = 0;

		entries++;
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, de->d_name);
		tap_context = child;
		w->r->inodes[EROFS_CONTENT] = &dir;
		CHECK_EQ(erofs_dir_lookup(&w->r->src, &w->sb, &dir, de->d_name, strlen(de->d_name),
					  &child_nid, &type, NULL), 0);
		CHECK_EQ(erofs_inode_read(&w->r->src, &w->sb, child_nid, &inode, NULL), 0);
		if (S_ISDIR(inode.mode) && depth < 8) {
			CHECK_EQ(type, EROFS_FT_DIR);
			compare_dir(w, child, child_nid, depth + 1);
		} else {
			compare_inode(w, child, &inode);
		}
		tap_context = NULL;
	}
	if (d)
		closedir(d);
	CHECK_EQ(count_entries(w, &dir) + dir.dot_omitted, entries);
}

/* Old versions ignore -E keywords that they do not know; the image tells. */
enum evidence { NO_EVIDENCE, SUPER_48BIT, DOT_OMITTED, DIGESTS };

static bool evidence_found(struct walk *w, enum evidence evidence)
{
	struct erofs_inode root;

	switch (evidence) {
	case SUPER_48BIT:
		return w->sb.feature_incompat & EROFS_INCOMPAT_48BIT;
	case DOT_OMITTED:
		return !erofs_inode_read(&w->r->src, &w->sb, w->sb.root_nid, &root, NULL) &&
		       root.dot_omitted;
	case DIGESTS:
		return w->sb.has_ishare;
	default:
		return true;
	}
}

/* Content of compressed inodes is remembered by node id. */
static void forget_content(void)
{
#ifdef HAVE_CODECS
	zread_forget();
#endif
}

/* Make an image with up to MAX_OPTIONS more options and compare it. */
static void compare_image(const char *const options[MAX_OPTIONS], bool optional, enum evidence evidence)
{
	struct walk w = { 0 };
	struct reader r;
	struct img img;
	char *argv[MAX_OPTIONS + 4] = { mkfs };
	char self[PATH_MAX];
	int n = 1, status;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (!find_mkfs()) {
		tap.skip = "no mkfs.erofs in $PATH, and $MKFS is not set";
		return;
	}
	CHECK(len > 0);
	self[len > 0 ? len : 0] = 0;
	snprintf(work, sizeof(work), "%.4000s/real-XXXXXX", dirname(self));
	if (!CHECK(mkdtemp(work) != NULL) || !CHECK(!chdir(work)))
		return;
	make_tree();

	for (int i = 0; i < MAX_OPTIONS && options[i]; i++)
		argv[n++] = (char *)options[i];
	argv[n++] = "image";
	argv[n] = "tree";
	status = run(argv);
	if (status == 1 && optional) {
		not_made++;
		snprintf(skip_reason, sizeof(skip_reason), "this mkfs.erofs does not take %s",
			 options[0]);
		tap.skip = skip_reason;
	} else if (CHECK_THAT(!status, "%s: exit status %d", mkfs, status) &&
		   CHECK(load_file("image", &img))) {
		r = open_img(&img);
		forget_content();
		walk_image(&w, &r);
		r.blkszbits = w.sb.blkszbits;
		CHECK_EQ(w.unnamed, 0);
		compare_dir(&w, "tree", w.sb.root_nid, 0);
		CHECK_READER(&r);
		if (!evidence_found(&w, evidence)) {
			snprintf(skip_reason, sizeof(skip_reason), "this mkfs.erofs ignores %s",
				 options[0]);
			tap.skip = skip_reason;
		}
		if (!have_xattrs)
			printf("# the scratch directory takes no user xattrs: none compared\n");
		walk_free(&w);
		free(img.data);
	}
	CHECK_EQ(chdir("/"), 0);
	CHECK_EQ(remove_tree(), 0);
}

#define REAL_TEST(name, optional, evidence, ...) \
	static void name(void) \
	{ \
		compare_image((const char *const[MAX_OPTIONS]){ __VA_ARGS__ }, optional, evidence); \
	}

REAL_TEST(real_default, false, NO_EVIDENCE, NULL)
REAL_TEST(real_extended, true, NO_EVIDENCE, "-Eforce-inode-extended")
REAL_TEST(real_no_inline, true, NO_EVIDENCE, "-Enoinline_data")
REAL_TEST(real_chunks, true, NO_EVIDENCE, "--chunksize=4096")
REAL_TEST(real_chunk_indexes, true, NO_EVIDENCE, "-Eforce-chunk-indexes", "--chunksize=8192")
REAL_TEST(real_small_blocks, true, NO_EVIDENCE, "-b512")
REAL_TEST(real_lz4, true, NO_EVIDENCE, "-zlz4")
REAL_TEST(real_prefixes, true, NO_EVIDENCE, "--xattr-prefix=user.comm")
REAL_TEST(real_digests, true, DIGESTS, "--xattr-inode-digest=trusted.erofs.fingerprint")
REAL_TEST(real_hidden_digests, true, DIGESTS, "--xattr-inode-digest=erofs.fingerprint.v1")
REAL_TEST(real_48bit, true, SUPER_48BIT, "-E48bit")
REAL_TEST(real_no_dot, true, DOT_OMITTED, "-Edot-omitted")

#ifdef HAVE_CODECS
/* ---- Compressed images ------------------------------------------------------------- */

#define Z(name, ...)	REAL_TEST(real_z_##name, true, NO_EVIDENCE, __VA_ARGS__)

Z(lz4_c64k, "-zlz4", "-C65536")
Z(lz4hc_legacy, "-zlz4hc,12", "-Elegacy-compress")
Z(lz4_legacy_c16k, "-zlz4", "-C16384", "-Elegacy-compress")
Z(lz4_b512, "-zlz4", "-b512")
Z(lz4_b512_c4k, "-zlz4", "-b512", "-C4096")
Z(lz4_b1k_c128k, "-zlz4", "-b1024", "-C131072")
Z(lz4_b2k_tail, "-zlz4", "-b2048", "-Eztailpacking")
Z(lz4_tail, "-zlz4", "-Eztailpacking")
Z(lz4_tail_c32k_legacy, "-zlz4", "-C32768", "-Eztailpacking,legacy-compress")
Z(lzma, "-zlzma")
Z(lzma_c1m, "-zlzma", "-C1048576")
Z(deflate_c64k, "-zdeflate,9", "-C65536")
Z(zstd_c32k, "-zzstd,3", "-C32768")
Z(zstd_b512, "-zzstd,3", "-b512", "-C2048")
Z(two_algorithms, "-zlz4hc,12:zstd", "-C16384")
Z(fragments, "-zlz4", "-C16384", "-Efragments")
Z(fragments_lzma, "-zlzma", "-C65536", "-Efragments")
Z(fragments_tail, "-zlz4", "-Efragments,ztailpacking")
Z(all_fragments, "-zlz4", "-C65536", "-Eall-fragments")
Z(all_fragments_b512, "-zzstd", "-b512", "-C65536", "-Eall-fragments")
Z(fragments_legacy, "-zlz4", "-Efragments,legacy-compress")
Z(dedupe, "-zlz4", "-C16384", "-Ededupe")
Z(dedupe_lzma, "-zlzma", "-C65536", "-Ededupe")
Z(dedupe_deflate_b1k, "-zdeflate", "-b1024", "-C8192", "-Ededupe")
Z(dedupe_zstd_fragments, "-zzstd", "-C65536", "-Ededupe,fragments")
Z(dedupe_all, "-zlz4hc", "-C65536", "-Ededupe,all-fragments,ztailpacking")
Z(small_extents, "-zlz4", "-C16384", "--max-extent-bytes=20000")
Z(directories, "-zlz4", "--zD")
Z(directories_fragments, "-zlz4", "-C65536", "--zD", "-Eall-fragments")
Z(wide_lz4, "-zlz4", "-C16384", "-E48bit")
Z(wide_zstd, "-zzstd", "-C65536", "-E48bit")
Z(wide_zstd_sums, "-zzstd", "-C65536", "--max-extent-bytes=32768", "-E48bit")
Z(wide_lzma_tail, "-zlzma", "-C65536", "-E48bit,ztailpacking")
Z(wide_fragments, "-zzstd", "-C65536", "-E48bit,all-fragments")
Z(wide_fragments_b512, "-zlz4", "-b512", "-C16384", "-E48bit,fragments")
Z(wide_dedupe, "-zzstd", "-C65536", "-E48bit,dedupe")
Z(wide_dedupe_equal, "-zzstd", "-C65536", "--max-extent-bytes=32768", "-E48bit,dedupe")
Z(metabox_lz4, "-zlz4", "-m4096", "-C16384")
Z(metabox_zstd, "-zzstd", "-m65536:zstd", "-C65536", "--zD", "-Efragments,dedupe")
Z(metabox_wide_tail, "-zlz4", "-C4096", "-m4096", "-b512", "-E48bit,ztailpacking")

/* What the images above have to have shown, or they prove less than they seem to. */
static void real_z_everything_was_seen(void)
{
	if (!find_mkfs()) {
		tap.skip = "no mkfs.erofs in $PATH, and $MKFS is not set";
		return;
	}
	if (not_made) {
		tap.skip = "this mkfs.erofs cannot make all the images above";
		return;
	}
#define SEEN(what)	printf("# seen: " #what " %lu\n", zread_seen.what); \
			CHECK(zread_seen.what)
	SEEN(full);
	SEEN(compact_4b);
	SEEN(compact_2b);
	SEEN(whole_fragment);
	SEEN(records[0]);
	SEEN(records[1]);
	SEEN(records[2]);
	SEEN(format[EROFS_ZF_LZ4]);
	SEEN(format[EROFS_ZF_MICROLZMA]);
	SEEN(format[EROFS_ZF_DEFLATE]);
	SEEN(format[EROFS_ZF_ZSTD]);
	SEEN(format[EROFS_ZF_SHIFTED]);
	SEEN(format[EROFS_ZF_INTERLACED]);
	SEEN(fragment);
	SEEN(inlined);
	SEEN(partial);
	SEEN(big);
	SEEN(unaligned);
	SEEN(metabox);
}

static void tests_real_z(void)
{
	zread_enable();
	RUN(real_z_lz4_c64k);
	RUN(real_z_lz4hc_legacy);
	RUN(real_z_lz4_legacy_c16k);
	RUN(real_z_lz4_b512);
	RUN(real_z_lz4_b512_c4k);
	RUN(real_z_lz4_b1k_c128k);
	RUN(real_z_lz4_b2k_tail);
	RUN(real_z_lz4_tail);
	RUN(real_z_lz4_tail_c32k_legacy);
	RUN(real_z_lzma);
	RUN(real_z_lzma_c1m);
	RUN(real_z_deflate_c64k);
	RUN(real_z_zstd_c32k);
	RUN(real_z_zstd_b512);
	RUN(real_z_two_algorithms);
	RUN(real_z_fragments);
	RUN(real_z_fragments_lzma);
	RUN(real_z_fragments_tail);
	RUN(real_z_all_fragments);
	RUN(real_z_all_fragments_b512);
	RUN(real_z_fragments_legacy);
	RUN(real_z_dedupe);
	RUN(real_z_dedupe_lzma);
	RUN(real_z_dedupe_deflate_b1k);
	RUN(real_z_dedupe_zstd_fragments);
	RUN(real_z_dedupe_all);
	RUN(real_z_small_extents);
	RUN(real_z_directories);
	RUN(real_z_directories_fragments);
	RUN(real_z_wide_lz4);
	RUN(real_z_wide_zstd);
	RUN(real_z_wide_zstd_sums);
	RUN(real_z_wide_lzma_tail);
	RUN(real_z_wide_fragments);
	RUN(real_z_wide_fragments_b512);
	RUN(real_z_wide_dedupe);
	RUN(real_z_wide_dedupe_equal);
	RUN(real_z_metabox_lz4);
	RUN(real_z_metabox_zstd);
	RUN(real_z_metabox_wide_tail);
	RUN(real_z_everything_was_seen);
	reader_compressed = NULL;
}
#else
static void tests_real_z(void)
{
}
#endif

void tests_real(void)
{
	tests_real_z();
	RUN(real_default);
	RUN(real_extended);
	RUN(real_no_inline);
	RUN(real_chunks);
	RUN(real_chunk_indexes);
	RUN(real_small_blocks);
	RUN(real_lz4);
	RUN(real_prefixes);
	RUN(real_digests);
	RUN(real_hidden_digests);
	RUN(real_48bit);
	RUN(real_no_dot);
}
