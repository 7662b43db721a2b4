# SPDX-License-Identifier: GPL-2.0-only
"""
rawimage.py: the parts of an image (FORMAT.md, sections 3 and 5) that those have in common who write one byte by byte, because no
mkfs.erofs makes it. Nothing is verified.
"""
import struct

BLOCK = 4096


def inode(mode, size, block, number, layout=0):
    """A compact inode of 32 bytes."""
    return struct.pack("<HHHHIIIIHHI", layout << 1, 0, mode, 1, size, 0, block, number, 0, 0, 0)


def directory(entries):
    """A directory block of (name, nid, file type); "." and ".." are among them."""
    entries = sorted(entries)
    at, heads, text = 12 * len(entries), b"", b""
    for name, nid, kind in entries:
        heads += struct.pack("<QHBB", nid, at + len(text), kind, 0)
        text += name
    return heads + text
