"""An S3 that only serves what was rendered before: what is measured is the client.

`python -m tests.bench.files_s3_stub --keys N --delay MS` prints its port and serves until it
is ended: N keys in folders of 1,000 below `t/`, `small/I` of 16 KiB and `large` of any size.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 1000
SMALL = 16 * 1024
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bench</Name>'
    "<Prefix>t/</Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
)


def key_of(number: int) -> str:
    """Return the key of a number, as Spark names the parts of a table's partitions."""
    folder, part = divmod(number, PAGE)
    name = f"part-{part:05d}-0b8dcc3f-5b0e-4a4c-9d3b-4b1c2a7de8f1.c000.snappy.parquet"
    return f"t/dt=2026-{folder // 28 + 1:02d}-{folder % 28 + 1:02d}/{name}"


class Stub:
    """The rendered answers; a page is a folder, so ranges of folders are whole pages."""

    def __init__(self, keys: int, delay: float, large: int) -> None:
        self.delay = delay
        self.large = large
        self.pages = max(1, keys // PAGE)
        # the quoting is S3's where encoding-type=url is asked for, as every client here does
        self.listed = [self._page(number).encode() for number in range(self.pages)]
        self.folders = self._folders().encode()
        self.block = bytes(range(256)) * 4096

    def _page(self, number: int) -> str:
        rows = "".join(
            f"<Contents><Key>{key_of(n).replace('=', '%3D')}</Key>"
            "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f"<ETag>&quot;{n:032x}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
            f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{1000 + n}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for n in range(number * PAGE, (number + 1) * PAGE)
        )
        last = number + 1 == self.pages
        more = "" if last else f"<NextContinuationToken>{number + 1}</NextContinuationToken>"
        truncated = f"<IsTruncated>{str(not last).lower()}</IsTruncated>"
        return f"{_HEAD}<KeyCount>1000</KeyCount>{truncated}{more}{rows}</ListBucketResult>"

    def _folders(self) -> str:
        names = [key_of(n * PAGE).rpartition("/")[0] + "/" for n in range(self.pages)]
        rows = "".join(
            f"<CommonPrefixes><Prefix>{name.replace('=', '%3D')}</Prefix></CommonPrefixes>"
            for name in names
        )
        return f"{_HEAD}<IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"

    def listing(self, query: dict[str, list[str]]) -> bytes:
        if query.get("delimiter"):
            return self.folders
        if token := query.get("continuation-token"):
            return self.listed[int(token[0])]
        after = query.get("start-after", [""])[0]
        number = next((n for n in range(self.pages) if key_of(n * PAGE) > after), self.pages - 1)
        return self.listed[number]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode("latin-1"), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split(" ", 2)
        parts = urlsplit(target)
        if self.delay:
            await asyncio.sleep(self.delay)
        key = unquote(parts.path).partition("/bench")[2].lstrip("/")
        if not key:
            body = self.listing(parse_qs(parts.query))
            writer.write(_reply(200, len(body), "application/xml"))
            writer.write(body)
            return
        size = SMALL if key.startswith("small/") else self.large
        start, end, status = 0, size, 200
        if found := re.search(r"(?i)\r\nrange: *bytes=(\d+)-(\d*)", head):
            start, end = int(found[1]), min(size, int(found[2] or size - 1) + 1)
            status = 206
        span = f"Content-Range: bytes {start}-{end - 1}/{size}\r\n" if status == 206 else ""
        writer.write(_reply(status, end - start, "binary/octet-stream", span))
        if method == "HEAD":
            return
        while start < end:
            piece = self.block[: end - start]
            writer.write(piece)
            await writer.drain()
            start += len(piece)


def _reply(status: int, size: int, kind: str, more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Length: {size}\r\nContent-Type: {kind}\r\n"
        f'Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT\r\nETag: "stub"\r\n'
        f"Accept-Ranges: bytes\r\n{more}\r\n"
    ).encode()


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keys", type=int, default=10_000)
    options.add_argument("--delay", type=float, default=0.0, help="milliseconds an answer")
    options.add_argument("--large", type=int, default=64 * 2**20)
    chosen = options.parse_args()
    stub = Stub(chosen.keys, chosen.delay / 1000, chosen.large)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
