/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cluster.c and batch.c tell each other and nobody else.
 */
#ifndef EIS_ZIP_DECODE_H
#define EIS_ZIP_DECODE_H

#include "zip/cluster.h"

int eis_cluster_scratch(struct eis_cluster *c, gfp_t gfp);
void eis_cluster_finish(struct eis_cluster *c);

#endif /* EIS_ZIP_DECODE_H */
