/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace points, below every room so that all may call them: trace_eis_*().
 * src/vfs/trace.c makes the code; docs/STATISTICS.md tells what each one means.
 *
 * Rules: numbers only, and never anything of a domain. A file is named by the
 * device of its mount (as in /proc/self/mountinfo) and its nid; positions and
 * lengths are bytes. Off, a trace point costs a jump that is not taken: callers
 * do not compute anything just for it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM erofs_ishare

#if !defined(EIS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define EIS_TRACE_H

#include <linux/types.h>
#include <linux/kdev_t.h>	/* wants the types before it */
#include <linux/tracepoint.h>

#ifndef EIS_TRACE_ONCE
#define EIS_TRACE_ONCE
/* Why a file keeps its own page cache; the numbers are what traces show. */
enum eis_refusal {
	EIS_REFUSED_NONE,	/* no (usable) fingerprint */
	EIS_REFUSED_CORRUPT,	/* its xattrs are corrupt */
	EIS_REFUSED_IO,		/* reading the fingerprint failed */
	EIS_REFUSED_MEMORY,	/* no memory */
};
#endif

TRACE_DEFINE_ENUM(EIS_REFUSED_NONE);
TRACE_DEFINE_ENUM(EIS_REFUSED_CORRUPT);
TRACE_DEFINE_ENUM(EIS_REFUSED_IO);
TRACE_DEFINE_ENUM(EIS_REFUSED_MEMORY);

#define EIS_TRACE_REFUSALS					\
	{ EIS_REFUSED_NONE,	"no-fingerprint" },		\
	{ EIS_REFUSED_CORRUPT,	"corrupt-xattrs" },		\
	{ EIS_REFUSED_IO,	"io-error" },			\
	{ EIS_REFUSED_MEMORY,	"no-memory" }

/* @dev: of the mount; @root: nid of the root; @share: files may join a domain; @err: 0 or -errno */
TRACE_EVENT(eis_mount,
	TP_PROTO(dev_t dev, u64 root, bool share, int err),
	TP_ARGS(dev, root, share, err),
	TP_STRUCT__entry(
		__field(u64, root)
		__field(dev_t, dev)
		__field(int, err)
		__field(bool, share)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->root = root;
		__entry->share = share;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u nid=%llu share=%d err=%d", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->root, __entry->share, __entry->err)
);

/* The first open of a file joined it. @size: of the file; @resident: bytes that were cached already */
TRACE_EVENT(eis_join,
	TP_PROTO(dev_t dev, u64 nid, u64 size, u64 resident),
	TP_ARGS(dev, nid, size, resident),
	TP_STRUCT__entry(
		__field(u64, nid)
		__field(u64, size)
		__field(u64, resident)
		__field(dev_t, dev)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->nid = nid;
		__entry->size = size;
		__entry->resident = resident;
	),
	TP_printk("dev=%u:%u nid=%llu size=%llu resident=%llu", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->nid, __entry->size, __entry->resident)
);

/* The first open of a file left it private. @reason: enum eis_refusal; @err: -errno behind it */
TRACE_EVENT(eis_refusal,
	TP_PROTO(dev_t dev, u64 nid, unsigned int reason, int err),
	TP_ARGS(dev, nid, reason, err),
	TP_STRUCT__entry(
		__field(u64, nid)
		__field(dev_t, dev)
		__field(unsigned int, reason)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->nid = nid;
		__entry->reason = reason;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u nid=%llu reason=%s err=%d", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->nid, __print_symbolic(__entry->reason, EIS_TRACE_REFUSALS), __entry->err)
);

/* Page cache of a file is being filled through this member: @pos, @len of the file */
TRACE_EVENT(eis_fill,
	TP_PROTO(dev_t dev, u64 nid, u64 pos, u64 len),
	TP_ARGS(dev, nid, pos, len),
	TP_STRUCT__entry(
		__field(u64, nid)
		__field(u64, pos)
		__field(u64, len)
		__field(dev_t, dev)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->nid = nid;
		__entry->pos = pos;
		__entry->len = len;
	),
	TP_printk("dev=%u:%u nid=%llu pos=%llu len=%llu", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->nid, __entry->pos, __entry->len)
);

/*
 * A physical cluster was decoded. @algorithm: enum erofs_zformat; @pos: file position of its
 * first byte; @encoded, @decoded: lengths; @err: 0 or -errno
 */
TRACE_EVENT(eis_cluster,
	TP_PROTO(dev_t dev, u64 nid, unsigned int algorithm, u64 pos, u64 encoded, u64 decoded,
		 int err),
	TP_ARGS(dev, nid, algorithm, pos, encoded, decoded, err),
	TP_STRUCT__entry(
		__field(u64, nid)
		__field(u64, pos)
		__field(u64, encoded)
		__field(u64, decoded)
		__field(dev_t, dev)
		__field(unsigned int, algorithm)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->nid = nid;
		__entry->algorithm = algorithm;
		__entry->pos = pos;
		__entry->encoded = encoded;
		__entry->decoded = decoded;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u nid=%llu algorithm=%u pos=%llu encoded=%llu decoded=%llu err=%d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->nid, __entry->algorithm,
		  __entry->pos, __entry->encoded, __entry->decoded, __entry->err)
);

/* Something of an image is wrong. @check: number of the failed check; @pos: byte it was found at */
TRACE_EVENT(eis_error,
	TP_PROTO(dev_t dev, u64 nid, unsigned int check, u64 value, u64 pos, int err),
	TP_ARGS(dev, nid, check, value, pos, err),
	TP_STRUCT__entry(
		__field(u64, nid)
		__field(u64, value)
		__field(u64, pos)
		__field(dev_t, dev)
		__field(unsigned int, check)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->nid = nid;
		__entry->check = check;
		__entry->value = value;
		__entry->pos = pos;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u nid=%llu check=%u value=0x%llx pos=%llu err=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->nid, __entry->check, __entry->value,
		  __entry->pos, __entry->err)
);

/* A read of storage failed: it may serve several files, or none. @pos, @len of the image */
TRACE_EVENT(eis_read_error,
	TP_PROTO(dev_t dev, bool meta, u64 pos, u64 len, int err),
	TP_ARGS(dev, meta, pos, len, err),
	TP_STRUCT__entry(
		__field(u64, pos)
		__field(u64, len)
		__field(dev_t, dev)
		__field(int, err)
		__field(bool, meta)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->meta = meta;
		__entry->pos = pos;
		__entry->len = len;
		__entry->err = err;
	),
	TP_printk("dev=%u:%u meta=%d pos=%llu len=%llu err=%d", MAJOR(__entry->dev),
		  MINOR(__entry->dev), __entry->meta, __entry->pos, __entry->len, __entry->err)
);

#endif /* EIS_TRACE_H */

/* Found through the include directories: trace/erofs_ishare.h. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH trace
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE erofs_ishare
#include <trace/define_trace.h>
