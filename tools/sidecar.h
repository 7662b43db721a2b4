/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sidecar files on disk, and the image they belong to.
 */
#ifndef TOOLS_SIDECAR_H
#define TOOLS_SIDECAR_H

#include "walk.h"

/* An open sidecar; @src reads @fd */
struct sidecar_file {
	struct erofs_sidecar_source src;
	struct erofs_sidecar sc;
	const char *path;
	int fd;
	u64 size;
	u8 block[EROFS_SIDECAR_BLKSIZE];
};

/* sidecar_id - what a sidecar recognises @image by; 0, or -1 with a complaint */
int sidecar_id(const struct image *image, struct erofs_image_id *id);

/* sidecar_target - may a sidecar of @image be put at @path? 0, or -1 with a complaint */
int sidecar_target(const char *path, const struct image *image);

/**
 * sidecar_write - write the sidecar of all files of @w, whose digests are computed
 *
 * Nothing is at @path before everything is on the disk. 0, or -1 with a complaint.
 */
int sidecar_write(const char *path, const struct walk *w, const struct erofs_image_id *id,
		  struct erofs_sidecar *sc);

/* sidecar_open - open and verify the header; 0, or -1 with a complaint */
int sidecar_open(struct sidecar_file *s, const char *path);
void sidecar_close(struct sidecar_file *s);

/* sidecar_complain - a failed check of the decoder, with what to do; returns -1 */
int sidecar_complain(const char *path, int err, const struct erofs_diag *diag);

/**
 * sidecar_records - read all records and verify the whole file
 * @records: result, sc.records of them, on the heap
 *
 * 0, or -1 with a complaint.
 */
int sidecar_records(struct sidecar_file *s, struct erofs_sidecar_record_ondisk **records);

#endif /* TOOLS_SIDECAR_H */
