"""Round trips on the control road, beside plain pyzmq with the same messages in the same run.

Owns: the two echo processes and the interleaved rounds. A round trip is a request with arguments
to another process and the reply, packed, sent, unpacked and (on our side) checked at both ends.
The kernel waits on a poller, as its loop does; the plain pair blocks in recv, which is the least
pyzmq can do. A second plain pair waits on a poller too: the difference between the two is the
price of listening to more than one socket, which is not ours.
The two ends are bound to a core each: left to the scheduler, the same plain pair takes 46 µs in
one run and 93 in the next, depending on where its four threads happen to lie.
"""

import gc
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
import zmq

from Kernel.contract.messages import Reply, Request
from Kernel.core.event_bus import PrivateBus
from tests.bench.figures import median, percentile
from tests.bench.report import CannotMeasure, Report, Row, at_most
from zones.runtime.bus_client import BusClient

ROUNDS = 60
ROUNDS_QUICK = 6
TRIPS = 200
"""Round trips a round; rounds of the variants take turns, so that noise meets all of them."""
TRIPS_WARM = 200
TIMEOUT_MS = 5000
GOAL_RATIO = 1.1
ARGS = {"zone": "stable", "what": "snapshot", "reason": "asked for by the operator at the console"}
RESULT = {"tick": 123_456, "path": "data/snapshots/stable-000000123456-0a1b2c3d.snapshot"}

Trip = Callable[[int], None]


def measure(peers: bool, quick: bool) -> Report:
    """Measure round trips of the private bus and of plain pairs; `peers` changes nothing.

    Raises:
        CannotMeasure: an echo process did not answer.
    """
    rounds = ROUNDS_QUICK if quick else ROUNDS
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        times_us = _measure_roads(rounds, max(cores))
    finally:
        os.sched_setaffinity(0, cores)
    rows = [_row(name, times) for name, times in times_us.items()]
    p50 = {name: median(times) for name, times in times_us.items()}
    ratio = p50["molt"] / p50["plain"]
    name = "control round trip / plain pyzmq PAIR, p50"
    return Report("bus", rows, [at_most(name, ratio, GOAL_RATIO, "x")])


def _measure_roads(rounds: int, core: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as directory:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with (
                _molt_trip(descriptor, core) as molt,
                _plain_trip(descriptor, core, "plain", polled=False) as plain,
                _plain_trip(descriptor, core, "polled", polled=True) as polled,
            ):
                return _interleave({"molt": molt, "plain": plain, "polled": polled}, rounds)
        finally:
            os.close(descriptor)


def _interleave(trips: dict[str, Trip], rounds: int) -> dict[str, list[float]]:
    """Run rounds in turn, in an order that moves on by one each time; return microseconds."""
    times: dict[str, list[float]] = {name: [] for name in trips}
    names = list(trips)
    for trip in trips.values():
        for number in range(TRIPS_WARM):
            trip(number)
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            first = turn % len(names)
            for name in (*names[first:], *names[:first]):
                trip, found = trips[name], times[name]
                trip(0)  # the process was asleep for two rounds
                for number in range(TRIPS):
                    began = time.perf_counter_ns()
                    trip(number)
                    found.append((time.perf_counter_ns() - began) / 1e3)
    finally:
        gc.enable()
    return times


def _row(name: str, times_us: list[float]) -> Row:
    return {
        "road": {
            "molt": "molt: PrivateBus + BusClient",
            "plain": "pyzmq PAIR + msgpack, blocking recv",
            "polled": "pyzmq PAIR + msgpack, poller",
        }[name],
        "p50_us": median(times_us),
        "p99_us": percentile(times_us, 0.99),
        "round_trips": len(times_us),
    }


@contextmanager
def _molt_trip(descriptor: int, core: int) -> Iterator[Trip]:
    """Give the round trip through the kernel's end of the road to a bus zone's end."""

    def serve() -> None:
        client = BusClient(descriptor, "archive-0", "archive", os.getpid())
        while True:
            for message in client.poll(60.0):
                assert isinstance(message, Request)
                client.reply(message, RESULT)

    # Forked before there is a ZeroMQ context: the bus is made afterwards, the child waits for it.
    with _child(serve, descriptor, core, "archive-0"):
        bus = PrivateBus(descriptor)
        try:
            endpoint = bus.open_endpoint("archive", 0)
            poller = zmq.Poller()
            poller.register(endpoint.socket, zmq.POLLIN)

            def trip(number: int) -> None:
                bus.send(endpoint, Request(number, "snapshot", ARGS, 5.0))
                while poller.poll(TIMEOUT_MS):
                    for message in bus.receive(endpoint):
                        if type(message) is Reply and message.request_id == number:
                            return
                raise CannotMeasure("cannot measure the bus: its echo does not answer")

            if not endpoint.socket.poll(TIMEOUT_MS):
                raise CannotMeasure("cannot measure the bus: its echo does not start")
            bus.receive(endpoint)
            yield trip
        finally:
            bus.close_all()


@contextmanager
def _plain_trip(descriptor: int, core: int, name: str, polled: bool) -> Iterator[Trip]:
    """Give the round trip through two plain PAIR sockets, the same fields, nothing checked."""

    def serve() -> None:
        context = zmq.Context(io_threads=1)
        socket = context.socket(zmq.PAIR)
        socket.connect(_address(descriptor, name))
        while True:
            fields = msgpack.unpackb(socket.recv())
            socket.send(msgpack.packb(_reply_fields(fields["request_id"])))

    with _child(serve, descriptor, core, name):
        context = zmq.Context(io_threads=1)
        socket = context.socket(zmq.PAIR)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RCVTIMEO, TIMEOUT_MS)
            socket.setsockopt(zmq.SNDTIMEO, TIMEOUT_MS)
            socket.bind(_address(descriptor, name))
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)

            def trip(number: int) -> None:
                socket.send(msgpack.packb(_request_fields(number)))
                if polled:
                    poller.poll(TIMEOUT_MS)
                fields = msgpack.unpackb(socket.recv())
                assert fields["request_id"] == number

            yield trip
        finally:
            socket.close()
            context.term()


def _request_fields(number: int) -> dict[str, Any]:
    return {
        "kind": "request",
        "request_id": number,
        "name": "snapshot",
        "args": ARGS,
        "deadline_s": 5.0,
    }


def _reply_fields(number: int) -> dict[str, Any]:
    return {"kind": "reply", "request_id": number, "ok": True, "result": RESULT}


@contextmanager
def _child(serve: Callable[[], None], descriptor: int, core: int, name: str) -> Iterator[None]:
    """Run `serve` in a fork on `core` once the socket file is there; killed at the end."""
    pid = os.fork()
    if pid == 0:
        try:
            os.sched_setaffinity(0, {core})
            until = time.monotonic() + TIMEOUT_MS / 1e3
            while name not in os.listdir(descriptor) and time.monotonic() < until:
                time.sleep(0.005)
            serve()
        finally:
            os._exit(1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _address(descriptor: int, name: str) -> str:
    return f"ipc:///proc/self/fd/{descriptor}/{name}"
