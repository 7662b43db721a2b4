#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""unique: what two trees hold, by content.

unique.py TREE TREE  prints shell assignments: pages and files of each tree, pages of the unique
content of both together (by SHA-256 of whole files), and the largest shared library that is the
same in both. A hard-linked file counts once per tree, as in a page cache.
"""
import hashlib
import os
import shlex
import stat
import sys

PAGE = 4096


def scan(top):
    seen, found = set(), {}
    for here, dirs, names in os.walk(top):
        dirs.sort()
        for name in sorted(names):
            path = os.path.join(here, name)
            st = os.lstat(path)
            if not stat.S_ISREG(st.st_mode) or not st.st_size or st.st_ino in seen:
                continue
            if st.st_nlink > 1:
                seen.add(st.st_ino)
            with open(path, "rb") as f:
                found[os.path.relpath(path, top)] = (st.st_size, hashlib.file_digest(f, "sha256").hexdigest()
                                                     if hasattr(hashlib, "file_digest")
                                                     else hashlib.sha256(f.read()).hexdigest())
    return found


def pages(sizes):
    return sum((s + PAGE - 1) // PAGE for s in sizes)


def main():
    a, b = scan(sys.argv[1]), scan(sys.argv[2])
    content = set(a.values()) | set(b.values())
    libs = [p for p in a if b.get(p) == a[p] and os.path.basename(p).startswith("lib") and ".so" in p]
    lib = max(libs, key=lambda p: (a[p], p))
    out = {
        "files_a": len(a), "bytes_a": sum(s for s, _ in a.values()), "pages_a": pages(s for s, _ in a.values()),
        "files_b": len(b), "bytes_b": sum(s for s, _ in b.values()), "pages_b": pages(s for s, _ in b.values()),
        "unique": pages(s for s, _ in content), "lib": lib, "lib_sha": a[lib][1],
        "lib_pages": pages([a[lib][0]]),
    }
    for k, v in out.items():
        print(f"{k}={shlex.quote(str(v))}")


main()
