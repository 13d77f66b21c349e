"""Frames: marker lines on stdout that carry typed payloads through any noise.

One frame is `<emr_nb TAG KIND SEQ HEADER PAYLOAD CRC>` + header + payload + `</emr_nb>`; HEADER
and PAYLOAD are the lengths of what follows, CRC the CRC-32 of all that stands before and
after it. The header is
base64(zlib(JSON)), the payload base64.
"""

from __future__ import annotations

import base64
import json
import zlib

SMALL = 512  # bytes below which compressing is not worth its time


def encode(tag, kind, seq, header, payload=""):
    """Return one frame as text; `payload` is base64 text already."""
    packed = zlib.compress(json.dumps(header).encode("utf-8"), 1)
    head = base64.b64encode(packed).decode("ascii")
    about = "%s %s %d %d %d" % (tag, kind, seq, len(head), len(payload))
    crc = zlib.crc32((about + head + payload).encode("ascii")) & 0xFFFFFFFF
    mark = "<emr_nb %s %08x>" % (about, crc)
    return "".join((mark, head, payload, "</emr_nb>\n"))


def pack(raw):
    """Compress bytes where it pays: the packed bytes and what a header tells of them."""
    packed, encoding = raw, "raw"
    if len(raw) > SMALL:
        smaller = zlib.compress(raw, 1)
        if len(smaller) < len(raw):
            packed, encoding = smaller, "zlib"
    about = {
        "raw": len(raw),
        "crc": zlib.crc32(raw) & 0xFFFFFFFF,
        "packed": len(packed),
        "encoding": encoding,
    }
    return packed, about


def cut(packed, first, size):
    """Cut packed bytes into base64 texts: the first of at most `first` characters."""
    first, size = max(0, first // 4 * 3), max(3, size // 4 * 3)
    if len(packed) <= first:
        return [base64.b64encode(packed).decode("ascii")]
    ends = [0, first, *range(first + size, len(packed), size), len(packed)]
    return [
        base64.b64encode(packed[start:end]).decode("ascii") for start, end in zip(ends, ends[1:])
    ]
