/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything src/format and src/zip's freestanding parts need from their
 * environment, and nothing else. Three environments:
 *
 *  - the kernel (__KERNEL__): types, endian helpers and string functions of
 *    the kernel's own headers;
 *  - hosted C (tools, unit tests, fuzzers): types from the compiler, string
 *    functions and errno values from the C library, XXH32 from libxxhash;
 *  - freestanding C (EROFS_FREESTANDING): no header at all. memcpy, memcmp and
 *    memset are what every freestanding environment must provide anyway.
 *
 * Rules: no I/O, no allocation, no locking, no printing comes through here.
 */
#ifndef EROFS_PORT_H
#define EROFS_PORT_H

#ifdef __KERNEL__

#include <linux/types.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/xxhash.h>
#include <asm/byteorder.h>

#define __erofs_packed	__packed
#define __erofs_inline	__always_inline
#define erofs_xxh32(data, len, seed)	xxh32((data), (len), (seed))

#else /* !__KERNEL__ */

typedef __UINT8_TYPE__	u8;
typedef __UINT16_TYPE__	u16;
typedef __UINT32_TYPE__	u32;
typedef __UINT64_TYPE__	u64;
typedef __INT64_TYPE__	s64;

#ifdef EROFS_FREESTANDING
typedef __SIZE_TYPE__	size_t;
typedef u8  __u8;
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;
#ifndef __cplusplus
#define bool	_Bool
#define true	1
#define false	0
#endif
#define NULL	((void *)0)
void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/* The Linux numbers; EUCLEAN is what EFSCORRUPTED stands for. */
#define EIO		5
#define ENOMEM		12
#define ENODEV		19
#define EINVAL		22
#define ERANGE		34
#define ENODATA		61
#define EOVERFLOW	75
#define ENAMETOOLONG	36
#define ENOENT		2
#define EBADMSG		74
#define EOPNOTSUPP	95
#define EUCLEAN		117
#else
#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <errno.h>
#include <linux/types.h>
#endif

#define __erofs_packed	__attribute__((__packed__))
#define __erofs_inline	inline __attribute__((__always_inline__))

static inline u16 le16_to_cpu(__le16 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap16(v);
#else
	return v;
#endif
}

static inline u32 le32_to_cpu(__le32 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap32(v);
#else
	return v;
#endif
}

static inline u64 le64_to_cpu(__le64 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

/* XXH32, one shot: libxxhash in hosted programs; a freestanding user supplies it. */
u32 erofs_xxh32(const void *data, size_t len, u32 seed);

#endif /* __KERNEL__ */

#ifndef EFSCORRUPTED
#define EFSCORRUPTED	EUCLEAN
#endif

#endif /* EROFS_PORT_H */
