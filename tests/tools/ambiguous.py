#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
ambiguous.py MAP[:WHERE] IMAGE: an image with a map that says one thing to who begins at byte 0 and another to who begins
somewhere else.

WHERE, whose map it is: file (/f, the default), dir (/d), packed (of which /f is a fragment), metabox. A MAP with a "=" behind
it is its twin: the same bytes from byte 0 on, the same superblock, and an honest map, so that a sidecar of one names the
other. long*N and chain*N are honest, too: holes of N lclusters, in the first of which each index says where the hole begins,
in the second only what is before it.

Uncompressed root, blocks of 4 KiB, LZ4, full indexes or records. Every extent but plain ones is part of what its cluster decodes to.
"""
import struct
import sys

sys.dont_write_bytecode = True
from rawimage import BLOCK, directory, inode

PLAIN, HEAD1, NONHEAD = 0, 1, 2
HOLE, PARTIAL, CBLKCNT = 0x4000, 0x8000, 0x800
ADVISE_EXTENTS, ADVISE_BIG = 1, 6        # of HEAD1 and of all others
LZ4_0PADDING, BIG_PCLUSTER, FRAGMENTS, METABOX = 1, 2, 0x20, 0x100

# Blocks: three clusters of LZ4, three plain ones; the inodes come last, for there may be many blocks of them.
ROOT, P, Q, R, RAW, INODES = 1, 2, 3, 4, 5, 8
CLUSTER = 16 * BLOCK                    # what one decodes to
TOP, FILE, MAPPED = 1, 2, 4             # node ids: the root, what is just there (2 long), what has the map


def count(n):
    return b"\xff" * (n // 255) + bytes([n % 255])


def lz4(text):
    """Blocks of @text, filled with its last byte, over and over: a match at distance 1, and one of a block."""
    first, rest = BLOCK - len(text), CLUSTER - BLOCK - 5
    out = b"\xff" + count(len(text) - 15) + text + b"\1\0" + count(first - 4 - 15)
    out += b"\x0f" + struct.pack("<H", BLOCK) + count(rest - 4 - 15) + b"\x50" + text[-1:] * 5
    return out.rjust(BLOCK, b"\0")


# ---- Maps ----

def head(block, ofs=0, kind=HEAD1 | PARTIAL):
    return struct.pack("<HHI", kind, ofs, block)


def plain(block):
    return head(block, 0, PLAIN)


def non(back, ahead):
    return struct.pack("<HHHH", NONHEAD, 0, back, ahead)


def indexes(*items, advise=0):
    return struct.pack("<IHBB", 0, advise, 0, 0) + bytes(8) + b"".join(items)


def records(bits, pos, *extents):
    """For an inode that ends at byte @pos: of extents (file byte, block)."""
    out = struct.pack("<IHBB", len(extents), ADVISE_EXTENTS | (bits - 2) << 1, 0, 0)
    out += bytes(-(pos + len(out)) % (1 << bits))
    for la, block in extents:
        rec = struct.pack("<IIIII", BLOCK | 0x18000000, block * BLOCK, 0, la, 0)
        out += rec.ljust(32, b"\0")[:1 << bits]
    return out


def make_map(name, pos):
    """Lclusters of the file, and its map. Lcluster 0 is where P begins."""
    name, _, n = name.partition("*")
    honest, name = name.endswith("="), name.rstrip("=")
    last = non(2, 1)
    if name == "skipped":       # a head that the way forward steps over
        return 3, indexes(head(P), non(1, 1 if honest else 2), last if honest else plain(RAW))
    if name == "inside":        # the same, but it begins in the middle of its lcluster
        return 3, indexes(head(P), non(1, 1 if honest else 2), last if honest else head(Q, 100))
    if name == "behind":        # the same, and of what is left only a part of an lcluster is behind it
        return 3, indexes(head(P), non(1, 1 if honest else 2), last if honest else head(Q, 4095))
    if name == "back":          # from lcluster 2 the way back leads past the head of its extent
        return 3, indexes(head(P), head(Q), non(1 if honest else 2, 1))
    if name == "side":          # from what lcluster 2 has of P, it leads to Q: lclusters 1 and 2 are both
        return 4, indexes(head(P), non(1, 1), head(Q, 100), non(1 if honest else 3, 1))
    if name == "beyond":        # from lcluster 2 the way forward leads past the next head
        return 5, indexes(head(P), non(1, 2), non(2, 1 if honest else 3), head(Q), non(1, 1))
    if name == "big":           # a big plain cluster, and a head in it
        return 3, indexes(plain(RAW), non(CBLKCNT | 3, 1 if honest else 2), last if honest else plain(Q),
                          advise=ADVISE_BIG)
    if name == "hole":          # a hole, and a head in it
        return 4, indexes(head(0, 0, HEAD1 | HOLE), non(1, 1 if honest else 3), last if honest else head(Q),
                          non(3 if honest else 1, 1))
    if name in ("records16", "records32"):
        # Reading on from byte 100, the second record is found; by bisection others are.
        return 5, records(4 if name == "records16" else 5, pos, *([(0, P), (100, Q), (200, R)] if honest else [
            (0, P), (100, Q), (100, R), (5000, P), (100, Q), (200, R)]))
    if name == "equal":         # two begin at the same byte: the first of them is no extent
        return 5, records(4, pos, (0, P), *([] if honest else [(4096, Q)]), (4096, R), (12288, P))
    if name in ("long", "chain"):
        n = int(n)              # not as many as CBLKCNT, which has the bit of that name
        return n, indexes(head(0, 0, HEAD1 | HOLE), *[non(i if name == "long" else 1, n - i) for i in range(1, n)])
    raise SystemExit("no such map: " + name)


# ---- The image ----


def listing_of(name, nid, kind):
    return directory([(b".", TOP, 2), (b"..", TOP, 2), (name, nid, kind)])


def main():
    name, _, where = sys.argv[1].partition(":")
    end = INODES * BLOCK + 32 * (MAPPED + 1)
    lclusters, zmap = make_map(name, end)
    blocks = {P: lz4(b"P" * 15), Q: lz4(b"Q" * 15), R: lz4(b"R" * 15)}
    for i in range(3):
        blocks[RAW + i] = b"%d" % i * BLOCK
    incompat, packed, metabox = LZ4_0PADDING, 0, 0
    other = inode(0o100644, 8, RAW, FILE)
    mapped = inode(0o40755 if where == "dir" else 0o100644, lclusters * BLOCK, 0, MAPPED, 1) + zmap
    listing = listing_of(b"f", FILE, 1)
    if where == "dir":
        listing = listing_of(b"d", MAPPED, 2)
        blocks[P] = lz4(listing_of(b"f", FILE, 1) + b"\0")
        blocks[Q] = lz4(listing_of(b"g", FILE, 1) + b"\0")
    elif where == "packed":
        incompat, packed = incompat | FRAGMENTS, MAPPED
        # All of it is the packed inode's first bytes.
        other = inode(0o100644, 10, 0, FILE, 1) + struct.pack("<Q", 1 << 63)
    elif where == "metabox":
        incompat, metabox = incompat | METABOX, MAPPED
    else:
        listing = listing_of(b"f", MAPPED, 1)
    if name.startswith("big"):
        incompat |= BIG_PCLUSTER
    blocks[ROOT] = listing

    head_block = bytearray(BLOCK)
    table = bytearray(end - INODES * BLOCK - 32) + mapped
    table[32 * TOP:32 * TOP + 32] = inode(0o40755, len(listing), ROOT, TOP)
    table[32 * FILE:32 * FILE + len(other)] = other
    table += bytes(-len(table) % BLOCK)
    sb = 1024
    struct.pack_into("<I", head_block, sb, 0xE0F5E1E2)
    head_block[sb + 12] = 12
    head_block[sb + 13] = 1             # extension slots
    struct.pack_into("<HQ", head_block, sb + 14, TOP, 3)
    struct.pack_into("<II", head_block, sb + 36, INODES + len(table) // BLOCK, INODES)
    struct.pack_into("<I", head_block, sb + 80, incompat)
    struct.pack_into("<Q", head_block, sb + 96, packed)
    struct.pack_into("<Q", head_block, sb + 128, metabox)
    if incompat & BIG_PCLUSTER:
        # That bit says as well that there is a bitmap of algorithms, and LZ4's configuration.
        struct.pack_into("<H", head_block, sb + 84, 1)
        struct.pack_into("<HHH", head_block, sb + 144, 14, 0, 16)
    with open(sys.argv[2], "wb") as out:
        out.write(head_block)
        for nr in range(1, INODES):
            out.write(blocks.get(nr, b"").ljust(BLOCK, b"\0"))
        out.write(table)


main()
