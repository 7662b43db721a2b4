#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# forge.py SIDECAR OUT [POSITION=HEX]...: a changed copy of a sidecar index, with all checksums
# right again: what somebody would make who means it. Written from docs/SIDECAR.md alone.
import struct
import sys

BLOCK = 4096


def table():
    out = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        out.append(n)
    return out


TABLE = table()


def crc32c(data, crc=0xFFFFFFFF):
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc


def main():
    data = bytearray(open(sys.argv[1], "rb").read())
    for change in sys.argv[3:]:
        pos, value = change.split("=")
        value = bytes.fromhex(value)
        data[int(pos, 0):int(pos, 0) + len(value)] = value
    header = crc32c(data[:8] + bytes(4) + data[12:BLOCK])
    struct.pack_into("<I", data, 8, header)
    for nr in range(1, len(data) // BLOCK):
        at = nr * BLOCK
        crc = crc32c(struct.pack("<QQ", header, nr) + data[at + 4:at + BLOCK])
        struct.pack_into("<I", data, at, crc)
    open(sys.argv[2], "wb").write(data)


main()
