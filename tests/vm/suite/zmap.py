# SPDX-License-Identifier: GPL-2.0-only
"""
zmap: a small reader of compressed maps, for making test images: where the clusters of a file are, and
where their records are, so that they can be changed.

Rules: written from FORMAT.md, separately from the driver's decoders. Understands what the images to be
changed have: flat directories, no metabox, lcluster indexes (full and compact) and encoded extents. An
assertion ends the making of an image; nothing is guessed.
"""
import struct

PLAIN, HEAD1, NONHEAD, HEAD2 = range(4)
LZ4, LZMA, DEFLATE, ZSTD = range(4)
COMPACTED_2B = EXTENTS = 0x0001
BIG_1, BIG_2, INLINE, INTERLACED, FRAGMENT = 0x0002, 0x0004, 0x0008, 0x0010, 0x0020
SB = 1024


def up(x, a):
    return (x + a - 1) // a * a


class Image:
    """The bytes of an image; `path` is written back by save()."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
        self.before = bytes(self.data)
        assert self.u32(SB) == 0xE0F5E1E2
        self.bits = self.data[SB + 12]
        self.bs = 1 << self.bits
        self.meta = self.u32(SB + 40) * self.bs
        self.root = self.u16(SB + 14)
        if self.u32(SB + 80) & 0x80 and self.u64(SB + 112):
            self.root = self.u64(SB + 112)

    def u16(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def put(self, at, fmt, *values):
        struct.pack_into("<" + fmt, self.data, at, *values)

    def checksum(self):
        """The superblock's, once more"""
        n = self.bs - SB if self.bs > SB else self.bs
        self.put(SB + 4, "I", 0)
        crc = 0xFFFFFFFF
        for b in self.data[SB:SB + n]:
            crc ^= b
            for _ in range(8):
                crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        self.put(SB + 4, "I", crc)

    def save(self):
        self.checksum()
        with open(self.path, "wb") as f:
            f.write(self.data)

    def changes(self):
        """[(offset, new bytes)] since the image was read, checksum included"""
        self.checksum()
        out, i, n = [], 0, len(self.before)
        while i < n:
            if self.data[i] == self.before[i]:
                i += 1
                continue
            j = i
            while j < n and j - i < 2048 and self.data[j:j + 8] != self.before[j:j + 8]:
                j += 1
            out.append((i, bytes(self.data[i:j])))
            i = j
        return out

    def inode(self, nid):
        at = self.meta + 32 * nid
        fmt = self.u16(at)
        ext = fmt & 1
        isize = 64 if ext else 32
        icount = self.u16(at + 2)
        return dict(nid=nid, at=at, layout=fmt >> 1 & 7, mode=self.u16(at + 4), size=self.u64(at + 8) if ext else
                    self.u32(at + 8), start=self.u32(at + 16),
                    tail=at + isize + (12 + 4 * (icount - 1) if icount else 0))

    def flat(self, ino):
        full = (ino["size"] - 1) // self.bs * self.bs if ino["layout"] == 2 else ino["size"]
        assert ino["layout"] in (0, 2), "a directory that is not flat"
        out = self.data[ino["start"] * self.bs:ino["start"] * self.bs + full]
        return bytes(out + self.data[ino["tail"]:ino["tail"] + ino["size"] - full])

    def lookup(self, path):
        ino = self.inode(self.root)
        for name in path.strip("/").encode().split(b"/"):
            content = self.flat(ino)
            for blk in range(0, len(content), self.bs):
                block = content[blk:blk + self.bs]
                k = struct.unpack_from("<H", block, 8)[0] // 12
                offs = [struct.unpack_from("<H", block, 12 * i + 8)[0] for i in range(k)] + [len(block)]
                names = [block[offs[i]:offs[i + 1]].split(b"\0")[0] for i in range(k)]
                if name in names:
                    ino = self.inode(struct.unpack_from("<Q", block, 12 * names.index(name))[0])
                    break
            else:
                raise AssertionError(f"{path}: {name} not found")
        return ino


class Map:
    """The map of one compressed file."""

    def __init__(self, image, path):
        self.img = image
        self.ino = image.lookup(path)
        self.size = self.ino["size"]
        assert self.ino["layout"] in (1, 3), f"{path} is not compressed: layout {self.ino['layout']}"
        self.head = up(self.ino["tail"], 8)
        assert not image.data[self.head + 7] & 0x80, f"{path} is a fragment"
        self.advise = image.u16(self.head + 4)
        self.algs = image.data[self.head + 6] & 15, image.data[self.head + 6] >> 4
        self.full = self.ino["layout"] == 1
        self.encoded = self.full and bool(self.advise & EXTENTS)
        self.first = self.head + 8
        if self.encoded:
            self.record = 4 << (self.advise >> 1 & 3)
            self.first = up(self.first, self.record)
            return
        self.lbits = image.bits + (image.data[self.head + 7] & 15)
        self.ls = 1 << self.lbits
        self.n = -(-self.size // image.bs)
        if self.full:
            self.first += 8
            return
        self.lobits = max(self.lbits, 12)
        self.c4i = (32 - self.first % 32) // 4 & 7
        self.c2b = (self.n - self.c4i) // 16 * 16 if self.advise & COMPACTED_2B and self.c4i < self.n else 0

    def set_advise(self, bits):
        self.advise |= bits
        self.img.put(self.head + 4, "H", self.advise)

    def set_algorithms(self, head1, head2):
        self.img.data[self.head + 6] = head1 | head2 << 4
        self.algs = head1, head2

    # --- one index: (position of the pack, items in it, item, bits of an item) when compact
    def place(self, lcn):
        if lcn < self.c4i:
            pos, unit = self.first + 4 * lcn, 4
        elif lcn - self.c4i < self.c2b:
            pos, unit = self.first + 4 * self.c4i + 2 * (lcn - self.c4i), 2
        else:
            pos, unit = self.first + 4 * self.c4i + 2 * self.c2b + 4 * (lcn - self.c4i - self.c2b), 4
        count = 2 if unit == 4 else 16
        base = pos // (count * unit) * count * unit
        return base, count, (pos - base) // unit, (count * unit - 4) * 8 // count

    def item(self, lcn):
        """(type, lo)"""
        if self.full:
            at = self.first + 8 * lcn
            kind = self.img.u16(at) & 3
            return kind, self.img.u16(at + 4) if kind == NONHEAD else self.img.u16(at + 2)
        base, count, i, width = self.place(lcn)
        v = int.from_bytes(self.img.data[base:base + (count * width + 7) // 8], "little") >> i * width
        return v >> self.lobits & 3, v & (1 << self.lobits) - 1

    def set_item(self, lcn, kind, lo):
        if self.full:
            at = self.first + 8 * lcn
            self.img.put(at, "H", self.img.u16(at) & ~3 | kind)
            self.img.put(at + 4 if kind == NONHEAD else at + 2, "H", lo)
            return
        base, count, i, width = self.place(lcn)
        n = (count * width + 7) // 8
        v = int.from_bytes(self.img.data[base:base + n], "little")
        mask = (1 << self.lobits + 2) - 1
        v = v & ~(mask << i * width) | (kind << self.lobits | lo) << i * width
        self.img.data[base:base + n] = v.to_bytes(n, "little")

    def cblk(self, lcn):
        """blocks, when the index says how large the cluster of its head is"""
        kind, lo = self.item(lcn)
        return lo & ~0x800 if kind == NONHEAD and lo & 0x800 else None

    def extents(self):
        """[(first index, first byte, end, cluster, its bytes, type)] of the clusters in blocks. Those of a
        compact map follow one another; the address of the first is its pack's."""
        heads = [(lcn, kind, lo) for lcn in range(self.n) for kind, lo in [self.item(lcn)] if kind != NONHEAD]
        out = []
        at = None
        for k, (lcn, kind, cofs) in enumerate(heads):
            la = lcn * self.ls + cofs
            end = heads[k + 1][0] * self.ls + heads[k + 1][2] if k + 1 < len(heads) else self.size
            if la >= self.size:
                continue
            big = self.advise & (BIG_1 if kind == HEAD1 else BIG_2)
            blocks = (self.cblk(lcn + 1) if big and lcn + 1 < self.n and (lcn + 1) * self.ls < self.size else None) or 1
            if self.full:
                at = self.img.u32(self.first + 8 * lcn + 4)
            elif at is None:
                assert lcn == 0
                base, count, _, width = self.place(0)
                at = self.img.u32(base + count * width // 8) + (0 if self.advise & BIG_1 else 1)
            out.append((lcn, la, min(end, self.size), at * self.img.bs, blocks * self.img.bs, kind))
            at += blocks
        return out
