// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests on all CPUs; see hash.h.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "hash.h"

static const u8 zeros[1 << 16];

/**
 * struct job - what the threads share
 * @order: indexes of files, in the order of work
 * @next:  position in @order of the next file
 * @running: threads that have not ended; under @lock, @ended says that one has
 */
struct job {
	struct walk *w;
	const struct image *image;
	u32 *order;
	atomic_uint next;
	atomic_uint files;
	atomic_ullong bytes;
	atomic_bool failed;
	u32 running;
	pthread_mutex_t lock;
	pthread_cond_t ended;
};

void hash_content(const void *records, size_t len, u8 *digest)
{
	if (EVP_Digest(records, len, digest, NULL, EVP_sha256(), NULL) != 1) {
		complain("libcrypto does not compute SHA-256");
		exit(SAY_FAILED);
	}
}

/* ---- One file ---- */

static int update(EVP_MD_CTX *md, const u8 *data, u64 len)
{
	while (!data && len) {
		u64 n = len < sizeof(zeros) ? len : sizeof(zeros);

		if (EVP_DigestUpdate(md, zeros, (size_t)n) != 1)
			return -ENOMEM;
		len -= n;
	}
	return !len || EVP_DigestUpdate(md, data, (size_t)len) == 1 ? 0 : -ENOMEM;
}

static int hash_file(struct job *job, struct view *v, EVP_MD_CTX *md, struct walk_file *file,
		     struct erofs_diag *diag)
{
	struct zinode z;
	u64 pos = 0;
	int err;

	if (EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	err = erofs_inode_read(&v->src, &v->image->sb, file->nid, &z.inode, diag);
	if (!err)
		err = zinode_open(v, &z, diag);
	if (!err)
		err = zinode_prove(v, &z, diag);
	while (!err && pos < z.inode.size && !atomic_load(&job->failed)) {
		u64 len, want = z.inode.size - pos;
		const u8 *data;

		/* In pieces, so that progress moves within a long hole too. */
		if (want > VIEW_PIECE * 16ULL)
			want = VIEW_PIECE * 16ULL;
		err = view_piece(v, &z, pos, want, &data, &len, diag);
		if (err)
			break;
		err = update(md, data, len);
		pos += len;
		atomic_fetch_add(&job->bytes, len);
	}
	if (!err && EVP_DigestFinal_ex(md, file->digest, NULL) != 1)
		err = -ENOMEM;
	return err;
}

/* ---- Threads ---- */

static void *worker(void *arg)
{
	struct job *job = arg;
	struct view *v = view_new(job->image);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	while (md && !atomic_load(&job->failed)) {
		u32 i = atomic_fetch_add(&job->next, 1);
		struct erofs_diag diag = { 0 };
		struct walk_file *file;
		int err;

		if (i >= job->w->nfiles)
			break;
		file = &job->w->files[job->order[i]];
		err = hash_file(job, v, md, file, &diag);
		if (err && !atomic_exchange(&job->failed, true)) {
			char path[4096];

			complain_image(job->image,
				      walk_path(job->w, &file->name, path, sizeof(path)), err, &diag);
		}
		atomic_fetch_add(&job->files, 1);
	}
	if (!md && !atomic_exchange(&job->failed, true))
		complain("libcrypto does not compute SHA-256");
	EVP_MD_CTX_free(md);
	view_free(v);
	pthread_mutex_lock(&job->lock);
	job->running--;
	pthread_cond_signal(&job->ended);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

/* Until all threads have ended, telling how far they are. */
static void wait_for_all(struct job *job, struct progress *progress)
{
	pthread_mutex_lock(&job->lock);
	while (job->running) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 200000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&job->ended, &job->lock, &until);
		progress_show(progress, "computing digests", atomic_load(&job->files),
			      job->w->nfiles, atomic_load(&job->bytes), job->w->bytes);
	}
	pthread_mutex_unlock(&job->lock);
}

static const struct walk *sorted;	/* qsort() has no argument for it */

/* Large files by size, descending; the many small ones where they are, by node id. */
static int by_work(const void *pa, const void *pb)
{
	const struct walk_file *a = &sorted->files[*(const u32 *)pa];
	const struct walk_file *b = &sorted->files[*(const u32 *)pb];
	u64 sa = a->size >> 22, sb = b->size >> 22;

	if (sa != sb)
		return sa > sb ? -1 : 1;
	return (a->nid > b->nid) - (a->nid < b->nid);
}

static u32 start_threads(struct job *job, pthread_t *ids, u32 threads)
{
	u32 n;

	/* Counted before they run, for the count is what we wait for. */
	for (n = 0; n < threads; n++) {
		pthread_mutex_lock(&job->lock);
		job->running++;
		pthread_mutex_unlock(&job->lock);
		if (pthread_create(&ids[n], NULL, worker, job)) {
			pthread_mutex_lock(&job->lock);
			job->running--;
			pthread_mutex_unlock(&job->lock);
			break;
		}
	}
	return n;
}

int hash_files(struct walk *w, const struct image *image, u32 threads,
	       struct progress *progress)
{
	struct job job = { .w = w, .image = image };
	pthread_t *ids;
	u32 n;

	if (w->bytes > image->max_bytes)
		return complain("%s: its files claim %llu bytes, more than %llu; raise --max-bytes if that is true",
				image->name, (unsigned long long)w->bytes,
				(unsigned long long)image->max_bytes);
	pthread_mutex_init(&job.lock, NULL);
	pthread_cond_init(&job.ended, NULL);
	job.order = xalloc(w->nfiles, sizeof(*job.order));
	for (u32 i = 0; i < w->nfiles; i++)
		job.order[i] = i;
	sorted = w;
	qsort(job.order, w->nfiles, sizeof(*job.order), by_work);

	if (threads > w->nfiles)
		threads = w->nfiles;
	ids = xalloc(threads, sizeof(*ids));
	n = start_threads(&job, ids, threads);
	if (!n && threads)
		atomic_store(&job.failed, true), complain("no thread could be started");
	wait_for_all(&job, progress);
	for (u32 i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
	free(ids);
	free(job.order);
	return atomic_load(&job.failed) ? -1 : 0;
}
