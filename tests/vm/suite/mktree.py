#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
mktree.py KIND DIR: makes one of the suite's source trees (run as root, DIR must not exist).

Every tree is the same bytes, names and times on every machine, so that what is built from it can
be cached. A file system that cannot hold something (an xattr, a time) is an error, never a
smaller tree.
"""
import os
import random
import stat
import struct
import sys


class Tree:
    def __init__(self, top):
        self.top = os.fsencode(top)
        self.seq = 0
        self.times = {}
        os.mkdir(self.top, 0o755)

    def path(self, rel):
        return os.path.join(self.top, os.fsencode(rel) if isinstance(rel, str) else rel)

    # Ordinary times: whole seconds of one day, distinct, with nanoseconds.
    def stamp(self, rel, ns=None):
        self.seq += 1
        if ns is None:
            ns = (1700000000 + self.seq * 17) * 10**9 + (self.seq * 7919 * 10**3 + 1) % 10**9
        self.times[self.path(rel)] = ns

    def dir(self, rel, mode=0o755):
        os.makedirs(self.path(rel), exist_ok=True)
        os.chmod(self.path(rel), mode)
        self.stamp(rel)

    def file(self, rel, data=b"", mode=0o644):
        with open(self.path(rel), "wb") as f:
            f.write(data)
        os.chmod(self.path(rel), mode)
        self.stamp(rel)

    def sparse(self, rel, size, parts):
        """parts: (offset, bytes); all else is a hole where the file system has holes"""
        with open(self.path(rel), "wb") as f:
            f.truncate(size)
            for off, data in parts:
                f.seek(off)
                f.write(data)
        self.stamp(rel)

    def link(self, old, new):
        os.link(self.path(old), self.path(new))

    def symlink(self, target, rel):
        os.symlink(target, self.path(rel))
        self.stamp(rel)

    def node(self, rel, kind, major=0, minor=0):
        os.mknod(self.path(rel), kind | 0o640, os.makedev(major, minor))
        self.stamp(rel)

    def xattr(self, rel, name, value):
        os.setxattr(self.path(rel), name, value, follow_symlinks=False)

    def finish(self):
        self.stamp("", 1700000000 * 10**9 + 5)
        # children before parents: nothing touches a directory after its time was set
        for p in sorted(self.times, key=len, reverse=True):
            os.utime(p, ns=(self.times[p], self.times[p]), follow_symlinks=False)
            got = os.lstat(p).st_mtime_ns
            if got != self.times[p]:
                sys.exit(f"mktree: {p!r}: this file system keeps mtime {got}, not {self.times[p]}")


def noise(seed, n):
    return random.Random(seed).randbytes(n)


def acl(*entries):
    """(tag, perm, id)...: the xattr form of a POSIX ACL"""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NOID = 0xFFFFFFFF


def add_sizes(t):
    t.dir("sizes")
    sizes = [0, 1, 2, 31, 32, 33, 100, 255, 256, 257, 440, 447, 448, 449, 511, 512, 513, 900, 1023, 1024, 1025,
             1535, 1536, 2047, 2048, 2049, 3071, 3072, 4000, 4031, 4032, 4033, 4063, 4064, 4065, 4095, 4096,
             4097, 4607, 6143, 8191, 8192, 8193, 12287, 12288, 16383, 16385, 65535, 65536, 65537, 100000,
             131072, 262145]
    for n in sizes:
        t.file(f"sizes/s{n}", noise(n, n))
    # many files whose tails share metadata blocks
    for i in range(40):
        t.file(f"sizes/tail{i:02}", noise(1000 + i, 37 + i * 53))


def add_holes(t):
    t.dir("holes")
    k = 1024
    t.sparse("holes/all-64k", 64 * k, [])
    t.sparse("holes/all-200k", 200 * k, [])
    t.sparse("holes/all-odd", 65537 + 3, [])
    t.sparse("holes/all-5000", 5000, [])
    t.sparse("holes/front", 64 * k, [(60 * k, noise(1, 4 * k))])
    t.sparse("holes/back", 256 * k, [(0, noise(2, 4 * k))])
    t.sparse("holes/middle", 256 * k, [(0, noise(3, 5000)), (200 * k, noise(4, 56 * k))])
    t.sparse("holes/alternate-4k", 128 * k, [(i * 8 * k, noise(i, 4 * k)) for i in range(16)])
    t.sparse("holes/alternate-64k", 256 * k, [(i * 128 * k + 64 * k, noise(50 + i, 64 * k)) for i in range(2)])
    t.sparse("holes/specks", 300 * k + 77, [(i * 37 * k + 11 * i, b"speck%d" % i) for i in range(8)])
    t.sparse("holes/tail", 100 * k + 10, [(100 * k, b"0123456789")])
    t.file("holes/zeros-written", bytes(40000))
    t.file("holes/zeros-end", noise(9, 8192) + bytes(8192) + b"x")


def add_links(t, tar):
    t.dir("links")
    t.dir("links/sub")
    t.file("links/a", noise(77, 5000))
    for i in range(6):
        t.link("links/a", f"links/sub/b{i}")
    t.link("links/a", "links/z")
    t.file("links/empty1")
    t.link("links/empty1", "links/empty2")
    if not tar:
        t.node("links/fifo1", stat.S_IFIFO)
        t.link("links/fifo1", "links/fifo2")
    t.symlink("a", "links/sym1")
    t.link("links/sym1", "links/sym2")
    # the same content under other inodes
    for i in range(5):
        t.file(f"links/copy{i}", noise(78, 20000))


def add_names(t, longest):
    t.dir("names")
    names = [b"!x", b"-", b"--", b"-rf", b" ", b" lead", b"trail ", b"...", b"..x", b".hidden", b".-", b"+", b"~",
             b"a", b"A", b"aa", b"ab", b"a\xcc\x88", "\u00e4".encode(), "\u0416\u0438".encode(),
             "\u6f22\u5b57".encode(), "\U0001f41f".encode(), b"\x01", b"\x07bell", b"tab\there", b"new\nline",
             b"cr\r", b"esc\x1b[31m", b"\x7f", b"\x80", b"\xff", b"\xff\xfe\xfd", b"back\\slash", b"quote'\"",
             b"eq=sign", b"$var`cmd`", b"*?[x]", b"con", b"x" * longest, b"y" * (longest - 1), b"z" * 128,
             b"\xc3" * longest, b"w" * longest]
    for i, n in enumerate(names):
        t.file(b"names/" + n, b"name %d\n" % i)
    t.dir(b"names/" + b"d" * longest)
    t.file(b"names/" + b"d" * longest + b"/" + b"f" * longest, b"deep name\n")
    # directories of several blocks: long common beginnings, and lengths 1..120
    t.dir("names/common")
    for i in range(90):
        t.file("names/common/" + "the-same-beginning-of-a-long-name-" * 3 + f"{i * 37:05}", b"%d" % i)
    t.dir("names/growing")
    for i in range(1, 121):
        t.symlink("x", "names/growing/" + "g" * i)
    t.dir("names/exact")
    # 12 + 20 bytes each: directory blocks of every size are filled to the last byte
    for i in range(300):
        t.link(b"names/a", f"names/exact/n{i:019}")


def add_types(t, sockets):
    t.dir("types")
    t.node("types/fifo", stat.S_IFIFO)
    if sockets:
        t.node("types/sock", stat.S_IFSOCK)
    t.node("types/null", stat.S_IFCHR, 1, 3)
    t.node("types/chr-big", stat.S_IFCHR, 4095, 1048575)
    t.node("types/chr-minor", stat.S_IFCHR, 1, 256)
    t.node("types/blk", stat.S_IFBLK, 8, 0)
    t.node("types/blk-big", stat.S_IFBLK, 259, 300000)
    t.dir("types/whiteouts")
    t.node("types/whiteouts/gone", stat.S_IFCHR, 0, 0)
    t.file("types/whiteouts/here", b"here\n")
    t.dir("types/empty-dir")
    d = "types"
    for i in range(20):
        d += f"/level{i}"
        t.dir(d)
    t.file(d + "/bottom", b"bottom\n")


def add_attrs(t, narrow, tar):
    t.dir("attrs")
    for m in (0o0, 0o400, 0o444, 0o600, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777):
        t.file(f"attrs/mode{m:04o}", b"mode\n", m)
    t.dir("attrs/sticky", 0o1777)
    t.dir("attrs/setgid", 0o2775)
    t.dir("attrs/closed", 0o0)
    for i, (u, g) in enumerate([(1, 2), (1000, 1000), (65534, 65534), (65535, 65535), (65536, 65537), (70000, 5),
                                (5, 70000), (4000000, 4000001), (2**31 + 7, 2**31 + 8)]):
        if narrow and max(u, g) > 65535:
            continue
        t.file(f"attrs/owner{i}", b"owner\n", 0o640)
        os.chown(t.path(f"attrs/owner{i}"), u, g)
    t.symlink("nowhere", "attrs/owner-link")
    os.chown(t.path("attrs/owner-link"), 1234, 5678, follow_symlinks=False)
    s = 10**9
    for name, ns in (("epoch", 0), ("second", s), ("before", -1), ("minus", -s), ("old", -s * 2**31),
                     ("half", -s // 2), ("nano", 1234567890 * s + 1), ("nines", 1234567890 * s + 999999999),
                     ("y2038", s * (2**31 - 1)), ("y2038b", s * 2**31), ("y2106", s * (2**32 + 5) + 7),
                     ("y2286", s * 9999999999), ("y2446", s * 15032385535)):
        if narrow and not 0 <= ns < s * 2**32 or tar and ns < 0 and ns % s:
            continue
        t.file(f"attrs/time-{name}", b"time\n")
        t.stamp(f"attrs/time-{name}", ns)


def add_symlinks(t):
    t.dir("symlinks")
    for n in (1, 2, 3, 31, 32, 33, 59, 60, 61, 63, 64, 255, 256, 257, 447, 448, 449, 511, 512, 513, 959, 960, 1023,
              1024, 1025, 1500, 2047, 2048, 2049, 3000, 4000, 4031, 4032, 4033, 4063, 4064, 4065, 4094, 4095):
        t.symlink((f"/{n}/" + "abcdefghij/" * 400)[:n], f"symlinks/l{n:04}")
    t.symlink("self", "symlinks/self")
    t.symlink("../sizes/s100", "symlinks/good")
    t.symlink("..", "symlinks/up")
    t.symlink(b"odd\n\xff bytes\\", "symlinks/odd")


def add_xattrs(t, tar):
    t.dir("xattrs")
    t.file("xattrs/one", b"1\n")
    t.xattr("xattrs/one", "user.one", b"first")
    t.file("xattrs/empty-value", b"")
    t.xattr("xattrs/empty-value", "user.empty", b"")
    t.file("xattrs/many", b"many\n")
    for i in range(40):
        t.xattr("xattrs/many", f"user.many.n{i:02}", b"v" * (i % 23))
    t.file("xattrs/large", b"large\n")
    t.xattr("xattrs/large", "user.large", noise(5, 3500))
    for n in (1, 3, 4, 5, 63, 64, 65, 500, 1000, 2000):
        t.file(f"xattrs/value{n}", b"value")
        t.xattr(f"xattrs/value{n}", "user.v", noise(n, n))
    t.file("xattrs/names", b"names\n")
    t.xattr("xattrs/names", "user." + "n" * 250, b"longest")
    t.xattr("xattrs/names", "user.n", b"short")
    if not tar:
        t.xattr("xattrs/names", "user.a=b c\n", b"odd")
    t.xattr("xattrs/names", "user.\u00fc", b"unicode")
    t.xattr("xattrs/names", "trusted." + "t" * 247, b"longest trusted")
    t.file("xattrs/spaces", b"all name spaces\n")
    t.xattr("xattrs/spaces", "user.u", b"user")
    t.xattr("xattrs/spaces", "trusted.t", b"trusted")
    t.xattr("xattrs/spaces", "security.s", b"security")
    t.file("xattrs/capable", b"\x7fELF", 0o755)
    t.xattr("xattrs/capable", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))
    t.file("xattrs/selinux", b"label\n")
    t.xattr("xattrs/selinux", "security.selinux", b"system_u:object_r:etc_t:s0\0")
    # the same attributes on many files: shared entries, whatever the tolerance
    for i in range(30):
        t.file(f"xattrs/shared{i:02}", b"shared %d\n" % i)
        t.xattr(f"xattrs/shared{i:02}", "user.shared", b"the same value everywhere")
        t.xattr(f"xattrs/shared{i:02}", "security.shared", b"system_u:object_r:usr_t:s0\0")
        if i % 3 == 0:
            t.xattr(f"xattrs/shared{i:02}", "trusted.third", noise(33, 700))
        if i % 2 == 0:
            t.xattr(f"xattrs/shared{i:02}", "user.own", b"%d" % i)
    # long prefixes, if the image has them
    for i in range(12):
        t.file(f"xattrs/prefix{i:02}", b"prefix\n")
        t.xattr(f"xattrs/prefix{i:02}", f"user.some.long.prefix.{'abcdefghijkl'[i]}", b"p%d" % i)
        t.xattr(f"xattrs/prefix{i:02}", f"trusted.overlayish.prefix.{i}", b"q%d" % i)
        t.xattr(f"xattrs/prefix{i:02}", "user.some.long", b"just before the prefix")
    t.xattr("xattrs/prefix00", "user.some.long.prefix.", b"exactly the prefix")
    t.xattr("xattrs/prefix01", "trusted.overlayish.prefix.", b"exactly the other prefix")
    t.dir("xattrs/dir")
    t.xattr("xattrs/dir", "user.dir", b"on a directory")
    t.xattr("xattrs/dir", "trusted.dir", b"on a directory")
    t.symlink("one", "xattrs/symlink")
    t.xattr("xattrs/symlink", "trusted.symlink", b"on a symlink")
    t.xattr("xattrs/symlink", "security.symlink", b"on a symlink")
    t.node("xattrs/fifo", stat.S_IFIFO)
    t.xattr("xattrs/fifo", "trusted.fifo", b"on a fifo")
    t.node("xattrs/dev", stat.S_IFBLK, 8, 1)
    t.xattr("xattrs/dev", "security.dev", b"on a device")
    t.xattr("", "user.root", b"on the root")
    t.xattr("", "trusted.root", b"on the root too")


def add_acls(t):
    t.dir("acls")
    full = acl((USER_OBJ, 6, NOID), (USER, 4, 1000), (GROUP_OBJ, 4, NOID), (GROUP, 6, 2000), (MASK, 6, NOID),
               (OTHER, 0, NOID))
    deflt = acl((USER_OBJ, 7, NOID), (USER, 5, 70000), (GROUP_OBJ, 5, NOID), (MASK, 5, NOID), (OTHER, 5, NOID))
    for i in range(4):
        t.file(f"acls/access{i}", b"acl\n")
        t.xattr(f"acls/access{i}", "system.posix_acl_access", full)
    t.file("acls/deny", b"deny 1000\n")
    t.xattr("acls/deny", "system.posix_acl_access",
            acl((USER_OBJ, 6, NOID), (USER, 0, 1000), (GROUP_OBJ, 4, NOID), (MASK, 4, NOID), (OTHER, 4, NOID)))
    t.file("acls/allow", b"allow 1000 only\n")
    t.xattr("acls/allow", "system.posix_acl_access",
            acl((USER_OBJ, 6, NOID), (USER, 4, 1000), (GROUP_OBJ, 0, NOID), (MASK, 4, NOID), (OTHER, 0, NOID)))
    t.dir("acls/default")
    t.xattr("acls/default", "system.posix_acl_default", deflt)
    t.dir("acls/both")
    t.xattr("acls/both", "system.posix_acl_default", deflt)
    t.xattr("acls/both", "system.posix_acl_access",
            acl((USER_OBJ, 7, NOID), (USER, 7, 1000), (GROUP_OBJ, 5, NOID), (MASK, 7, NOID), (OTHER, 5, NOID)))
    t.file("acls/with-user-xattr", b"both\n")
    t.xattr("acls/with-user-xattr", "user.u", b"u")
    t.xattr("acls/with-user-xattr", "system.posix_acl_access", full)


def syn(t, longest=255, narrow=False, tar=False):
    """
    longest: mkfs.erofs 1.5 cannot read a name of 255 bytes
    narrow:  ids and times that a compact inode can hold
    tar:     nothing that a tar archive, or mkfs.erofs reading one, cannot hold: sockets, ACLs (tar writes
             them as text), links to special files, parts of a second before 1970, "=" in xattr names
    """
    add_sizes(t)
    add_holes(t)
    add_links(t, tar)
    add_names(t, longest)
    add_types(t, not tar)
    add_attrs(t, narrow, tar)
    add_symlinks(t)
    add_xattrs(t, tar)
    if not tar:
        add_acls(t)


def wide(t):
    """5,000 entries in one directory (hard links, files, symlinks, directories)."""
    t.dir("wide")
    t.file("wide/00000-first", b"first\n")
    for i in range(1, 5000):
        name = f"wide/{i * 7919 % 100003:05}-{'entry' * (i % 9)}"
        if i % 500 == 0:
            t.dir(name)
        elif i % 50 == 0:
            t.file(name, b"%d\n" % i)
        elif i % 25 == 0:
            t.symlink(str(i), name)
        else:
            t.link("wide/00000-first", name)


def share(t, which):
    """Trees that overlap: common/ is the same in a and b, own/ and same-size/ differ."""
    t.dir("common")
    for i, n in enumerate((1, 100, 4095, 4096, 4097, 20000, 65536, 150001)):
        t.file(f"common/f{i}", noise(9000 + i, n))
    t.file("common/big", noise(9100, 3 * 1024 * 1024 + 123))
    t.sparse("common/sparse", 300000, [(0, noise(9200, 10000)), (200000, noise(9201, 50000))])
    t.file("common/empty")
    t.file("common/prog", noise(9300, 50000), 0o755)
    t.dir("own")
    for i in range(3):
        t.file(f"own/f{i}", noise(f"{which}{i}", 30000 + i))
    t.dir("same-size")
    t.file("same-size/f", noise(f"same-size{which}", 40000))
    # one inode number's worth of difference, so that equal paths are different inodes
    for i in range(5 if which == "b" else 1):
        t.file(f"own/pad{i}", b"%d" % i)


def api(t, which):
    """A pair of trees that overlap in one large file; prepare adds a program. For the tests of what
    programs rely on."""
    t.file("data", noise(9400, 1024 * 1024 + 123))
    t.file("small", noise(9401, 3000))
    # the same size as data, other content
    t.file("other", noise(f"other{which}", 1024 * 1024 + 123))
    t.dir("dir")
    for i in range(4):
        t.file(f"dir/f{i}", noise(9410 + i, 50000 + 1111 * i))
    t.dir(f"only-{which}")
    t.file(f"only-{which}/f", noise(f"only{which}", 70000))


def bad(t):
    """Small, for images that are damaged on purpose: few inodes, a flat directory, a file of blocks."""
    t.dir("dir")
    t.dir("dir/sub")
    t.file("dir/sub/leaf", b"leaf\n")
    t.file("dir/file", noise(1, 3000))
    t.file("blocks", noise(2, 40960))
    t.file("tail", noise(3, 100))
    t.file("good", b"good\n" * 2000)
    t.symlink("dir/file", "link")
    t.file("attr", b"attr\n")
    t.xattr("attr", "user.a", b"value")


def huge(t):
    """Sizes and offsets beyond 32 bits; only for images made of chunks."""
    g = 1 << 30
    t.sparse("five-g", 5 * g + 5, [(0, b"start"), (4 * g - 3, b"across"), (5 * g, b"end!\n")])
    t.sparse("hole-g", 6 * g, [])
    t.file("small", b"small\n")


# Two files of the same pages in opposite order: with 4096-byte chunks that are stored once, each page of one of them
# is a read of its own.
def scatter(t):
    pages = [noise(7000 + i, 4096) for i in range(1280)]
    t.file("up", b"".join(pages))
    t.file("down", b"".join(reversed(pages)))


KINDS = {
    "syn": syn,
    "syn254": lambda t: syn(t, longest=254),
    "narrow": lambda t: syn(t, longest=254, narrow=True),
    "tar": lambda t: syn(t, tar=True),
    "wide": wide,
    "share-a": lambda t: share(t, "a"),
    "share-b": lambda t: share(t, "b"),
    "api-a": lambda t: api(t, "a"),
    "api-b": lambda t: api(t, "b"),
    "bad": bad,
    "huge": huge,
    "scatter": scatter,
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(f"usage: mktree.py {'|'.join(KINDS)} DIR")
    os.umask(0)
    tree = Tree(sys.argv[2])
    KINDS[sys.argv[1]](tree)
    tree.finish()
