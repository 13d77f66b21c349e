"""The order of a spool's parts, which is the order of its rows."""

from emr_nb.engines.livy.remote import spool


class Status:
    def __init__(self, name, size):
        self._name, self._size = name, size

    def getPath(self):  # noqa: N802 -- Hadoop's name
        return self

    def getName(self):  # noqa: N802
        return self._name

    def getLen(self):  # noqa: N802
        return self._size


class Files:
    def __init__(self, *names):
        self._names = names

    def listStatus(self, folder):  # noqa: N802
        assert folder == "there"
        return [Status(name, len(name)) for name in self._names]


def test_parts_come_in_the_order_of_their_partitions():
    found = spool.parts(
        Files("part-100000", "_SUCCESS", "part-00002", "part-99999", "part-00010"), "there"
    )
    assert found == [
        ["part-00002", 10],
        ["part-00010", 10],
        ["part-99999", 10],
        ["part-100000", 11],
    ]
