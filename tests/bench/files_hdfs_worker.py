"""One side of the HDFS figures in a process of its own: `python FILE SIDE TASK URL PATH RPC`.

Sides are `emr_nb`, `native` (the same with the extra `fast-hdfs`, by HDFS's own port RPC),
`hdfs` (the package) and `stream`: one plain connection. It prints a JSON
object: seconds, processor seconds, seconds to the first page or byte, what memory rose by, and
what was counted (entries or bytes).
"""

import http.client
import json
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

PAGE = 1000


def ours(url, rpc=0):
    """Return a store of ours at this NameNode; hdfs-native has a part where `rpc` is its port."""
    from emr_nb.context import ClusterContext
    from emr_nb.files.webhdfs import WebHdfs
    from emr_nb.model import Cluster, Endpoint, Service
    from emr_nb.settings import Settings
    from emr_nb.transport.direct import DirectRoute

    at = urlsplit(url)
    services = [Service("webhdfs", (Endpoint("webhdfs", at.hostname, at.port),))]
    if rpc:
        services.append(Service("hdfs", (Endpoint("hdfs", at.hostname, rpc, "hdfs"),)))
    return WebHdfs(
        ClusterContext(
            cluster=Cluster("j-BENCH", "bench", "WAITING"), services=tuple(services),
            route=DirectRoute(), access=None, journal=None, settings=Settings(), user="anna",
        )
    )  # fmt: skip


def list_emr_nb(url, path, told):
    from emr_nb.model import FilePath

    store, where = ours(url), FilePath("hdfs", "", path)
    store.info(FilePath("hdfs", "", "/"))  # imports, and the connection that others have too
    yield
    count, total = 0, 0
    page = store.ls(where)
    while True:
        for entry in page.items:
            count += 1
            total += entry.size + len(entry.name)
        told(count)
        if page.after is None:
            return count
        page = store.ls(where, page.after)


def list_hdfs(url, path, told):
    import hdfs

    client = hdfs.InsecureClient(url, user="anna")
    client.status("/")
    yield
    count, total = 0, 0
    for name, status in client.list(path, status=True):
        count += 1
        total += status["length"] + len(name)
        if count == PAGE:
            told(count)
    return count


def list_stream(url, path, told):
    """One RPC: the first page alone, as a plain client has it."""
    at = urlsplit(url)
    line = http.client.HTTPConnection(at.hostname, at.port)
    line.request("GET", "/webhdfs/v1/?op=GETFILESTATUS&user.name=anna")
    line.getresponse().read()
    yield
    line.request("GET", f"/webhdfs/v1{quote(path)}?op=LISTSTATUS_BATCH&user.name=anna")
    body = json.loads(line.getresponse().read())
    found = body["DirectoryListing"]["partialListing"]["FileStatuses"]["FileStatus"]
    told(len(found))
    return len(found)


def read_emr_nb(url, path, told):
    from emr_nb.model import FilePath

    store = ours(url)
    store.info(FilePath("hdfs", "", "/"))
    yield
    return count_of(store.read(FilePath("hdfs", "", path)), told)


def read_native(url, path, told):
    from emr_nb.model import FilePath

    store, where = ours(url, int(sys.argv[5])), FilePath("hdfs", "", path)
    # the process that has hdfs-native, as a second read finds it
    count_of(store.read(where, 0, 32 << 20), lambda _: None)
    assert store._bulk._is_possible(), "hdfs-native is not installed"
    yield
    count = count_of(store.read(where), told)
    assert not store._bulk.given_up
    return count


def read_hdfs(url, path, told):
    import hdfs

    client = hdfs.InsecureClient(url, user="anna")
    client.status("/")
    yield
    with client.read(path, chunk_size=1 << 20) as chunks:
        return count_of(chunks, told)


def read_stream(url, path, told):
    at = urlsplit(url)
    line = http.client.HTTPConnection(at.hostname, at.port)
    yield
    line.request("GET", f"/webhdfs/v1{quote(path)}?op=OPEN&user.name=anna")
    reply = line.getresponse()
    reply.read()
    at = urlsplit(reply.headers["location"])
    line = http.client.HTTPConnection(at.hostname, at.port)
    line.request("GET", f"{at.path}?{at.query}")
    reply = line.getresponse()
    return count_of(iter(lambda: reply.read(1 << 20), b""), told)


def count_of(chunks, told):
    count = 0
    for chunk in chunks:
        if not count:
            told(len(chunk))
        count += len(chunk)
    return count


def peak():
    """Return the most memory that this process had, in bytes; rusage counts its parent's too."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def main(side, task, url, path, _rpc="0"):
    first = []

    def told(_):
        first.append(time.perf_counter())

    work = globals()[f"{task}_{side}"](url, path, told)
    next(work)
    held = peak()
    began, cpu = time.perf_counter(), time.process_time()
    try:
        next(work)
    except StopIteration as end:
        count = end.value
    answer = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "first": first[0] - began,
        "memory": peak() - held,
        "count": count,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
