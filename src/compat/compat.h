/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One kernel API for the rest of the tree: that of the newest kernel we know.
 *
 * Rules:
 *  - Outside src/compat there is no HAVE_ macro and no kernel version test;
 *    everybody includes this file and nothing else from this room.
 *  - Adding a kernel = adding probes (probes/README) and era branches here.
 *  - Every wrapper takes exactly what the newest kernel's function takes, and is
 *    called in canary.c, so that a changed shape breaks the build and not the run.
 */
#ifndef EIS_COMPAT_H
#define EIS_COMPAT_H

#include "compat/block.h"
#include "compat/file.h"
#include "compat/folio.h"
#include "compat/inode.h"
#include "compat/misc.h"
#include "compat/shrinker.h"
#include "compat/super.h"
#include "compat/trace.h"
#include "compat/work.h"

#endif /* EIS_COMPAT_H */
