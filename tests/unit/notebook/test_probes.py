"""Which services answer: real listeners, real silence, one deadline."""

import socket
import time

import pytest

from emr_nb.model import Endpoint, Service
from emr_nb.notebook.probes import silent
from emr_nb.transport.direct import DirectRoute


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def at(*ports):
    return tuple(Endpoint("x", "127.0.0.1", port) for port in ports)


def test_those_that_refuse_are_silent(listener, closed):
    services = [
        Service("livy", at(listener)),
        Service("yarn", at(closed)),
        Service("hive", at(closed, listener)),
        Service("s3"),
    ]
    assert silent(DirectRoute(), services) == {"yarn"}


def test_a_filtered_port_takes_the_wait_and_no_longer():
    class Filtered(DirectRoute):
        def address(self, host, port):
            time.sleep(30)
            return host, port

    began = time.monotonic()
    assert silent(Filtered(), [Service("livy", at(1))], 0.2) == {"livy"}
    assert time.monotonic() - began < 10


def test_a_name_that_nobody_knows_is_silent():
    service = Service("livy", (Endpoint("livy", "nowhere.invalid", 8998),))
    assert silent(DirectRoute(), [service], 5.0) == {"livy"}


def test_without_a_route_nothing_is_known(closed):
    assert silent(None, [Service("yarn", at(closed))]) == set()
