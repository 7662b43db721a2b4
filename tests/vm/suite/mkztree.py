#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
mkztree.py KIND DIR: makes one of the source trees for compressed images (run as root, DIR must not exist).

Every tree is the same bytes, names and times on every machine. What is in them is chosen for what a
compressor and its maps can get wrong: sizes around blocks, pages and physical clusters; text, noise, zeros,
repetition and their borders; content that comes again at other alignments; tails and small files.
"""
import os
import random
import sys

from mktree import Tree, noise

K = 1024
WORDS = [w.encode() for w in """page folio inode extent cluster the a of block cache reader image tree device mount
domain share lookup offset length byte word header index record packed fragment inline tail head plain shifted stream
literal match distance window frame symbol table""".split()]


def text(seed, n):
    """Compresses to about a quarter"""
    r = random.Random(f"text{seed}")
    out = bytearray()
    while len(out) < n:
        out += b" ".join(r.choices(WORDS, k=40)) + b"\n%d " % r.randrange(1 << 30)
    return bytes(out[:n])


def source(seed, n):
    """Compresses well: lines that differ in little"""
    r = random.Random(f"source{seed}")
    out = bytearray()
    line = 0
    while len(out) < n:
        line += 1
        out += b"\tif (value_%d != table[%d].limit)\n\t\treturn -EINVAL;\n" % (r.randrange(50), line)
    return bytes(out[:n])


def cycle(pattern, n):
    return (pattern * (n // len(pattern) + 1))[:n]


def mixed(seed, n, longest):
    """Runs of every kind, of lengths that respect no boundary"""
    r = random.Random(f"mixed{seed}")
    out = bytearray()
    while len(out) < n:
        k = r.randrange(1, longest)
        kind = r.randrange(5)
        if kind == 0:
            out += r.randbytes(k)
        elif kind == 1:
            out += bytes(k)
        elif kind == 2:
            out += cycle(r.randbytes(r.randrange(1, 300)), k)
        else:
            out += text(f"{seed}.{len(out)}", k)
    return bytes(out[:n])


# Around every boundary there is: blocks of 512 to 4096, pages, clusters of 4 KiB to 1 MiB
EDGES = [n + d for n in (512, 1024, 2048, 4096, 8192, 16384, 65536) for d in (-1, 0, 1)]


def add_sizes(t):
    t.dir("sizes")
    for n in [0, 1, 2, 7, 31, 100, 300] + EDGES + [3 * 4096, 5000, 100000, 131071, 131072, 131073]:
        t.file(f"sizes/text{n}", text(n, n))
    for n in [1, 100, 511, 512, 513, 4095, 4096, 4097, 8193, 16384, 65537]:
        t.file(f"sizes/noise{n}", noise(n, n))
    for n in [1, 511, 512, 4095, 4096, 4097, 65536, 65537, 300000]:
        t.file(f"sizes/zero{n}", bytes(n))


def add_repetition(t):
    t.dir("repeat")
    for period in (1, 2, 3, 7, 255, 4095, 4096, 4097, 20000):
        t.file(f"repeat/p{period}", cycle(noise(period, period), 40000 + period))
    t.file("repeat/source", source(1, 100000))
    # the end of a match window: the same 3,000 bytes at growing distances
    block = noise(3000, 3000)
    t.file("repeat/far", b"".join(block + text(d, d) for d in (1000, 30000, 32768, 65535 - 3000, 65536)) + block)
    t.sparse("repeat/sparse", 400 * K + 77, [(0, b"start"), (100 * K + 3, text("s", 9000)), (400 * K, noise(4, 77))])


def add_borders(t):
    """Incompressible next to compressible, at every kind of place"""
    t.dir("mixed")
    t.file("mixed/small-runs", mixed(1, 100000, 3000))
    t.file("mixed/large-runs", mixed(2, 400000, 60000))
    t.file("mixed/noise-text", noise(5, 4096) + text(5, 30000) + noise(6, 4096) + text(6, 30001))
    t.file("mixed/text-noise", text(7, 30001) + noise(7, 9000) + text(8, 123) + noise(8, 40000))
    t.file("mixed/noise-tail", text(9, 65536) + noise(9, 700))
    t.file("mixed/zero-tail", text(10, 65536) + bytes(700))
    t.file("mixed/text-tail", noise(11, 65536) + text(11, 700))
    t.file("mixed/zero-noise", b"".join(bytes(5000) + noise(i, 4096) for i in range(12)))
    t.file("mixed/noise", noise(12, 100001))


def add_again(t):
    """For dedupe: content that comes again, in the same file and in others, at other alignments"""
    t.dir("again")
    long = text("long", 70000)
    other = source("other", 30000)
    t.file("again/long", long)
    t.file("again/long-same", long)
    t.file("again/long-shifted", b"x" + long)
    t.file("again/long-4096", noise(20, 4096) + long)
    t.file("again/long-5000", text(21, 5000) + long + text(22, 5000))
    t.file("again/long-part", long[20000:60001])
    t.file("again/long-front", long[:40960])
    t.file("again/long-end", long[-30000:])
    t.file("again/twice", long[:50000] + other + long[10000:60000] + other)
    t.file("again/pieces", b"".join(long[i:i + 9000] for i in (0, 30000, 7000, 60000, 0, 30001, 3)))
    t.file("again/nearly", long[:40000] + b"!" + long[40001:])


def add_small(t):
    """For fragments and inline tails: many small files, some of them equal, some that begin alike"""
    t.dir("small")
    for i in range(60):
        t.file(f"small/t{i:03}", text(f"small{i}", 17 + i * i * 3 % 3001))
    for i in range(10):
        t.file(f"small/same{i}", text("same", 777))
        t.file(f"small/front{i}", text("front", 200 + i * 37))
        t.file(f"small/n{i}", noise(f"n{i}", 90 + i * 130))
    t.dir("tails")
    # the last lcluster holds: the end of one extent and all of another; a single byte; all but one
    for i, n in enumerate([4097, 4100, 8191, 12289, 16000, 20481, 24575, 40961, 70000, 90001]):
        t.file(f"tails/t{i}", text(f"tail{i}", n))
        t.file(f"tails/s{i}", source(f"tail{i}", n))


def add_names(t):
    """Directories of several blocks, symlinks of every length, attributes: for compressed metadata"""
    t.dir("names")
    for i in range(150):
        t.link("small/t001", f"names/{i * 37 % 1000:04}-" + "the-same-beginning-of-a-long-name-" * (i % 4))
    t.dir("links")
    for n in (1, 31, 32, 60, 255, 500, 511, 512, 513, 1000, 1023, 1024, 1025, 2047, 2048, 2049, 4000, 4095):
        t.symlink((f"/{n}/" + "abcdefghij/" * 400)[:n], f"links/l{n:04}")
    t.dir("attrs")
    for i in range(8):
        t.file(f"attrs/a{i}", text(f"attr{i}", 100 * i))
        t.xattr(f"attrs/a{i}", "user.same", b"the same value everywhere")
        t.xattr(f"attrs/a{i}", "user.own", b"%d" % i)
    t.xattr("attrs/a7", "trusted.large", text("xattr", 1500))
    t.dir("attrs/dir")
    t.xattr("attrs/dir", "user.dir", b"on a directory")


def zip_(t):
    add_sizes(t)
    add_repetition(t)
    add_borders(t)
    add_again(t)
    add_small(t)
    add_names(t)


def big(t):
    """What takes long to make and to read: only in some images"""
    t.file("zeros-13m", bytes(13 * K * K + 5))
    t.file("zeros-middle", text("m", 50000) + bytes(3 * K * K) + text("n", 50001))
    t.file("cycle-5m", cycle(text("c", 9001), 5 * K * K + 1))
    t.file("mixed-3m", mixed("big", 3 * K * K + 17, 200000))
    t.file("text-1m", text("big", K * K))
    t.file("text-2m+1", text("bigger", 2 * K * K + 1))
    t.file("noise-1m+1", noise("big", K * K + 1))


def damage(t):
    """To be damaged: one file of many clusters, others beside it"""
    t.file("big", text("damage", 256 * K + 100))
    t.file("raw", noise("damage", 40000))
    t.file("good", text("good", 30000))
    t.file("tail", text("tail", 5000))
    t.dir("dir")
    t.file("dir/file", text("file", 9000))
    t.symlink("dir/file", "link")


def added(t, name):
    """What an incremental build adds to the tree zbad"""
    t.dir(name)
    t.file(f"{name}/text", text(name, 150000))
    t.file(f"{name}/mixed", mixed(name, 150000, 20000))
    t.file(f"{name}/noise", noise(name, 20000))
    for i in range(10):
        t.file(f"{name}/s{i}", text(f"{name}{i}", 100 + i * 700))


KINDS = {
    "zip": zip_,
    "zbig": big,
    "zbad": damage,
    "zinc1": lambda t: added(t, "first"),
    "zinc2": lambda t: added(t, "second"),
    "zinc3": lambda t: added(t, "third"),
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(f"usage: mkztree.py {'|'.join(KINDS)} DIR")
    os.umask(0)
    tree = Tree(sys.argv[2])
    KINDS[sys.argv[1]](tree)
    tree.finish()
