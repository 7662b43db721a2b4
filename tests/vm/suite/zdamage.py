#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
zdamage.py IMAGES: damage to the images zbad.*.erofs in that directory, one case per line on stdout:

  title|image|file|FROM TO|FROM TO|OFFSET HEX OFFSET HEX ...

The first range of file bytes must fail; in the second, which contains it, a read may fail, but may not give
wrong bytes (with "any": it may, for there are no checksums); all else must read right. The changes make the
damage; the superblock's checksum stays right.

A reader that needs only the beginning of a cluster need not look at its end: what is wrong with the end must
fail for the last byte.
"""
import random
import sys

import zmap

CUT = 2048		# what one change holds at most


def emit(img, title, file, must, may, any_bytes=False):
    parts = []
    for at, data in img.changes():
        for i in range(0, len(data), CUT):
            parts.append(f"{at + i} {data[i:i + CUT].hex()}")
    assert parts, f"{title}: nothing was changed"
    name = img.path.rsplit("/", 1)[1][:-len(".erofs")]
    print(f"{title}|{name}|{file}|{must[0]} {must[1]}|{may[0]} {may[1]}{' any' * any_bytes}|{' '.join(parts)}")


def streams(images, alg):
    """The stream of one cluster"""
    def change(title, function, end_only=False):
        img = zmap.Image(f"{images}/zbad.{alg}.erofs")
        m = zmap.Map(img, "/big")
        ext = [e for e in m.extents() if e[5] == zmap.HEAD1]
        assert len(ext) >= 5, f"{alg}: only {len(ext)} clusters"
        _, la, end, pa, plen, _ = ext[2]
        img.data[pa:pa + plen] = function(bytes(img.data[pa:pa + plen]))
        emit(img, f"{alg}: {title}", "big", (end - 1 if end_only else la, end), (la, end))

    change("a cluster of zeros", lambda b: bytes(len(b)))
    change("a cluster of noise", lambda b: random.Random(alg).randbytes(len(b)))
    change("a stream without its last byte", lambda b: b"\0" + b[:-1], end_only=True)
    change("a stream that goes on", lambda b: b[5:] + b"\x55" * 5, end_only=True)
    change("a stream whose middle is missing", lambda b: bytes(len(b) // 4) + b[len(b) // 4:])


def full(images):
    """Full indexes: each one has its own address and distances"""
    def case(title, function, k=2, before=0, whole=False, must=True, any_bytes=False):
        img = zmap.Image(f"{images}/zbad.full.erofs")
        m = zmap.Map(img, "/big")
        ext = m.extents()
        assert len(ext) >= 5 and m.full and not m.encoded
        la, end = ext[k][1:3]
        function(img, m, ext[k][0], ext)
        may = (0, m.size) if whole else (ext[k - before][1], end)
        emit(img, f"full index: {title}", "big", ((0, m.size) if whole else (la, end)) if must else (0, 0), may,
             any_bytes)

    def address(img, m, lcn, blk):
        img.put(m.first + 8 * lcn + 4, "I", blk)

    def overlap(img, m, lcn, ext):
        img.put(m.first + 8 * (lcn + 1) + 4, "H", 1)
        for n in range(lcn + 2, ext[3][0]):
            m.set_item(n, zmap.NONHEAD, n - ext[1][0])

    case("a cluster past the end of the image", lambda i, m, l, e: address(i, m, l, 0x100000))
    case("a cluster at the end of the address space", lambda i, m, l, e: address(i, m, l, 0xFFFFFFFE))
    case("a cluster that is another one's", lambda i, m, l, e: address(i, m, l, e[0][3] // i.bs), must=False,
         any_bytes=True)
    case("a cluster of 2047 blocks", lambda i, m, l, e: m.set_item(l + 1, zmap.NONHEAD, 0x800 | 2047))
    case("a cluster of no size", lambda i, m, l, e: i.put(m.first + 8 * (l + 1) + 4, "H", 1))
    case("an offset beyond its lcluster", lambda i, m, l, e: m.set_item(l, zmap.HEAD1, 0xFFFF), before=1)
    case("a lookback of 0", lambda i, m, l, e: m.set_item(l + 3, zmap.NONHEAD, 0), must=False)
    case("a lookback before the file", lambda i, m, l, e: m.set_item(l + 3, zmap.NONHEAD, 0x7FE), must=False)
    case("a lookback into the next extent back", lambda i, m, l, e: m.set_item(l + 3, zmap.NONHEAD, l + 3 - e[1][0]),
         must=False)
    case("an extent that reaches back over the one before", overlap)
    case("no head at the beginning", lambda i, m, l, e: m.set_item(0, zmap.NONHEAD, 1), k=0)
    case("an algorithm the image does not declare", lambda i, m, l, e: m.set_algorithms(zmap.ZSTD, 0), whole=True)
    case("an unknown algorithm", lambda i, m, l, e: m.set_algorithms(9, 0), whole=True)


def compact(images):
    def case(title, function, k=2, must=True, whole=False):
        img = zmap.Image(f"{images}/zbad.zstd.erofs")
        m = zmap.Map(img, "/big")
        ext = m.extents()
        assert not m.full
        function(img, m, ext[k][0])
        emit(img, f"compact index: {title}", "big", ext[k][1:3] if must else (0, 0), (0, m.size) if whole else ext[k][1:3])

    def base(img, m, lcn, blk):
        at, count, _, width = m.place(lcn)
        img.put(at + count * width // 8, "I", blk)

    # a pack's address is all its clusters'
    case("a pack past the end of the image", lambda i, m, l: base(i, m, l, 0x100000), whole=True)
    case("a cluster of 1 MiB and more", lambda i, m, l: m.set_item(l + 1, zmap.NONHEAD, 0x800 | 257), whole=True)
    case("only one of both flags of big clusters", lambda i, m, l: i.put(m.head + 4, "H", m.advise & ~zmap.BIG_2), whole=True)


def records(images):
    """Encoded extents"""
    img = zmap.Image(f"{images}/zbad.48bit.erofs")
    m = zmap.Map(img, "/big")
    assert m.encoded and m.record >= 16, f"records of {m.record} bytes"

    def case(title, function, fail=True, end_only=False):
        img = zmap.Image(f"{images}/zbad.48bit.erofs")
        m = zmap.Map(img, "/big")
        n = img.u32(m.head)
        start = [img.u32(m.first + m.record * i + 12) for i in range(n)] + [m.size]
        assert n >= 5
        function(img, m.first + m.record * 2)
        must = (start[3] - 1 if end_only else start[2], start[3]) if fail else (0, 0)
        emit(img, f"extents: {title}", "big", must, start[2:4] if fail else (0, m.size))

    case("a cluster longer than 1 MiB", lambda i, at: i.put(at, "I", i.u32(at) | 0x1FFFFF))
    case("a cluster past the end of the image", lambda i, at: i.put(at + 4, "I", 0xFFFFF000))
    case("a cluster at the end of the address space", lambda i, at: i.put(at + 4, "II", 0xFFFFFFF0, 0xFFFF))
    case("a reserved format", lambda i, at: i.put(at, "I", i.u32(at) | 0xF0000000))
    case("a cluster cut short", lambda i, at: i.put(at, "I", i.u32(at) - 7), end_only=True)
    case("records that are not sorted", lambda i, at: i.put(at + 12, "I", 0x7FFFFFFF), fail=False)
    case("records without end", lambda i, at: i.put(m.head + 6, "H", 0xFFFF), fail=False)


def device(images):
    """One block of a cluster is on an extra device: a cluster has to be on one, whole"""
    img = zmap.Image(f"{images}/zbad.full.erofs")
    ext = next(e for e in zmap.Map(img, "/big").extents()[2:] if e[4] > img.bs)
    at = zmap.up(len(img.data), 128)
    more = bytes(at + 128 - len(img.data))
    img.data += more
    img.before += more
    img.put(at + 64, "II", 1, ext[3] // img.bs + 1)
    img.put(at + 127, "B", 1)		# reserved; so that the file ends behind the slot
    img.put(zmap.SB + 80, "I", img.u32(zmap.SB + 80) | 0x8)
    img.put(zmap.SB + 86, "HH", 1, at // 128)
    emit(img, "device: a cluster on two devices", "big", ext[1:3], ext[1:3])


def rest(images):
    def header(title, image, file, function, must, may, any_bytes=False):
        img = zmap.Image(f"{images}/zbad.{image}.erofs")
        ino = img.lookup("/" + file)
        function(img, zmap.up(ino["tail"], 8))
        size = ino["size"]
        emit(img, title, file, (0, size) if must else (0, 0), (0, size) if may else (0, 0), any_bytes)

    def put(fmt, off, value):
        return lambda img, at: img.put(at + off, fmt, value)

    header("fragments: past the packed file", "frag", "tail", put("Q", 0, 1 << 63 | 0x10000000), True, True)
    header("fragments: at the end of the address space", "frag", "tail", put("Q", 0, (1 << 64) - 1), True, True)
    header("inline tail: longer than a block", "tail", "tail", put("H", 2, 0xFFFF), False, True)
    header("inline tail: noise", "tail", "tail",
           lambda img, at: img.data.__setitem__(slice(tail_at(img), tail_at(img) + 20), b"\xf7" * 20), False, True)
    # what a broken head says about the map as a whole
    header("a map of lclusters of 64 MiB", "full", "big", put("B", 7, 0x0F), False, True, any_bytes=True)
    header("a file that is a fragment of nothing", "full", "big", put("Q", 0, 1 << 63), True, True)


def tail_at(img):
    m = zmap.Map(img, "/tail")
    if m.full:
        return m.first + 8 * ((m.size - 1 >> m.lbits) + 1)
    base, count, _, width = m.place(m.size - 1 >> m.lbits)
    return base + count * width // 8 + 4


def main(images):
    for alg in ("lz4", "lzma", "deflate", "zstd"):
        streams(images, alg)
    full(images)
    compact(images)
    records(images)
    device(images)
    rest(images)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: zdamage.py IMAGES")
    main(sys.argv[1])
