"""Chronos as a process: a real fork, the real bus, a world that ticks beside it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.messages import Heartbeat, Hello
from Kernel.contract.settings import parse_table
from tests.support.service_process import ServiceProcess
from zones.chronos import service
from zones.chronos.settings import KEYS
from zones.runtime.snapshot_file import read_snapshot


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[ServiceProcess]:
    """Give a kernel's end and a world; whatever is left is killed."""
    kernel = ServiceProcess(tmp_path, service, "chronos")
    yield kernel
    kernel.close()


def test_life_of_a_process(kernel: ServiceProcess) -> None:
    """It says hello and ready, beats, snapshots on request, and leaves with 0."""
    kernel.start({"snapshot_interval_ticks": 50})
    ready = kernel.ready()
    assert kernel.messages[0] == Hello(kernel.pid, "chronos")
    assert ready.facts["arenas"]["stable"]["degraded"] == []
    first = kernel.heard(lambda m: isinstance(m, Heartbeat))
    second = kernel.heard(lambda m: isinstance(m, Heartbeat))
    assert isinstance(first, Heartbeat)
    assert isinstance(second, Heartbeat)
    assert second.progress > first.progress
    assert second.degraded == ()
    taken = kernel.ask(7, "snapshot", {"zone": "stable"})
    assert taken.ok
    assert set(taken.result) == {"tick", "path", "bytes", "seconds"}
    assert read_snapshot(Path(taken.result["path"])).tick == taken.result["tick"]
    listed = kernel.ask(8, "snapshots", {})
    assert taken.result["tick"] in [entry["tick"] for entry in listed.result["snapshots"]]
    for number, (name, args) in enumerate(
        [("eat", {}), ("snapshot", {"zone": "x"}), ("snapshots", {"more": 1})], 9
    ):
        refused = kernel.ask(number, name, args)
        assert not refused.ok
        assert refused.error.startswith("cannot do")
    assert kernel.drain() == 0


def test_prepare_is_plain_data_and_harmless() -> None:
    """What runs in the zygote opens nothing: no descriptor, no thread."""
    before = sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    facts = service.Generation({}).facts
    assert (sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
    assert parse_table(facts.pop("settings")) == KEYS
    assert facts == {"service": "chronos", "requests": ["snapshot", "snapshots"]}
