#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
deep.py LENGTH IMAGE: an image with one file, whose path has LENGTH bytes; mkfs.erofs makes no such paths.

Uncompressed, 4 KiB blocks: superblock, one block of compact inodes, one block for each directory, one for the file.
"""
import struct
import sys

sys.dont_write_bytecode = True
from rawimage import BLOCK, directory, inode


def names_of(length):
    names, left = [], length
    while left > 256:
        part = min(255, left - 3)       # at least "/x" is left
        names.append(b"d" * part)
        left -= part + 1
    return names + [b"f" * (left - 1)]


def main():
    names = names_of(int(sys.argv[1]))
    last = len(names)                   # nid 1 is the root, nid 1 + last the file
    inodes = bytearray(BLOCK)
    blocks = []
    for i, name in enumerate(names):
        kind = 1 if i + 1 == last else 2
        body = directory([(b".", 1 + i, 2), (b"..", max(i, 1), 2), (name, 2 + i, kind)])
        blocks.append(body)
        inodes[32 * (1 + i):32 * (2 + i)] = inode(0o40755, len(body), 2 + i, 1 + i)
    blocks.append(b"content\n")
    inodes[32 * (1 + last):32 * (2 + last)] = inode(0o100644, 8, 2 + last, 1 + last)
    head = bytearray(BLOCK)
    struct.pack_into("<I", head, 1024, 0xE0F5E1E2)
    head[1024 + 12] = 12
    struct.pack_into("<HQ", head, 1024 + 14, 1, 1 + last)
    struct.pack_into("<II", head, 1024 + 36, 2 + len(blocks), 1)
    with open(sys.argv[2], "wb") as out:
        out.write(head + inodes)
        for block in blocks:
            out.write(block.ljust(BLOCK, b"\0"))


main()
