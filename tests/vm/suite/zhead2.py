#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
zhead2.py IMAGE SOURCE-FILE PATH: every second cluster of a file of LZ4 clusters becomes a DEFLATE cluster
by HEAD2, which no writer makes.

The extents stay as they are: what LZ4 brought into a cluster, DEFLATE does too. The image must know both
algorithms already.
"""
import sys
import zlib

import zmap


def deflate(data, least):
    """A stream of at least that many bytes: empty stored blocks in front make up for what is missing. (A cluster
    begins with no more than one block of padding.) Their five spare bits keep the first byte from being zero."""
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = c.compress(data) + c.flush()
    return b"\xf8\0\0\xff\xff" * -(-max(0, least - len(out)) // 5) + out


def main(image, source, path):
    img = zmap.Image(image)
    m = zmap.Map(img, path)
    with open(source, "rb") as f:
        content = f.read()
    assert m.algs[0] == zmap.LZ4 and not m.encoded and len(content) == m.size
    have = img.u16(zmap.SB + 84)
    assert img.u32(zmap.SB + 80) & 2 and have & 1 << zmap.LZ4 and have & 1 << zmap.DEFLATE, f"algorithms {have:#x}"
    m.set_algorithms(zmap.LZ4, zmap.DEFLATE)
    if m.advise & zmap.BIG_1:
        m.set_advise(zmap.BIG_2)
    img.put(zmap.SB + 80, "I", img.u32(zmap.SB + 80) | 8)
    changed = 0
    for k, (lcn, la, end, pa, plen, kind) in enumerate(m.extents()):
        if kind != zmap.HEAD1 or k % 2 == 0:
            continue
        stream = deflate(content[la:end], plen - img.bs + 1)
        if len(stream) > plen or not stream[0]:
            continue
        img.data[pa:pa + plen] = stream.rjust(plen, b"\0")
        m.set_item(lcn, zmap.HEAD2, m.item(lcn)[1])
        changed += 1
    assert changed >= 3, f"only {changed} clusters of {path} became HEAD2"
    img.save()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: zhead2.py IMAGE SOURCE-FILE PATH")
    main(*sys.argv[1:])
