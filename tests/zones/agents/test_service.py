"""The zone of agents as a process: a real fork, the real bus, a world that ticks beside it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.messages import Heartbeat, Hello
from Kernel.contract.settings import parse_table
from tests.support.service_process import ServiceProcess
from zones.agents import service
from zones.agents.settings import KEYS


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[ServiceProcess]:
    """Give a kernel's end and a world; nobody answers on the user bus."""
    kernel = ServiceProcess(tmp_path, service, "sandbox", ["sandbox"])
    yield kernel
    kernel.close()


@pytest.mark.slow
def test_life_of_a_process(kernel: ServiceProcess) -> None:
    """Without an archive it serves, beats and tells what it knows, and leaves with 0."""
    kernel.start({"author": "genetic"})
    kernel.ready()
    assert kernel.messages[0] == Hello(kernel.pid, "sandbox")
    first = kernel.heard(lambda m: isinstance(m, Heartbeat))
    second = kernel.heard(lambda m: isinstance(m, Heartbeat))
    assert isinstance(first, Heartbeat) and isinstance(second, Heartbeat)
    assert second.progress > first.progress
    told = kernel.ask(7, "agents", {})
    assert told.ok and told.result["mission"] is None and not told.result["caught_up"]
    assert {each["name"] for each in told.result["agents"]} >= {"watcher", "coder", "historian"}
    for number, (name, args) in enumerate([("eat", {}), ("trigger", {"reason": 3})], 8):
        refused = kernel.ask(number, name, args)
        assert not refused.ok and refused.error.startswith("cannot ")
    assert kernel.drain() == 0
    assert (kernel.home / "data" / "agents" / "memory.msgpack").is_file()


def test_prepare_is_plain_data_and_harmless() -> None:
    """What runs in the zygote opens nothing: no descriptor, no thread."""
    before = sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    facts = service.Generation({}).facts
    assert (sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
    told = parse_table(facts.pop("settings"))
    assert [key.name for key in told] == [key.name for key in KEYS]
    assert facts == {"service": "agents", "requests": ["agents", "trigger"]}


@pytest.mark.parametrize(
    ("host", "ports"), [("127.0.0.1:77", (77,)), ("http://10.0.0.7:77", ()), ("nowhere", ())]
)
def test_the_cage_opens_the_port_of_a_server_of_this_machine(
    host: str, ports: tuple[int, ...]
) -> None:
    """It follows the setting; of another machine none is opened, and the zone runs all the same."""
    assert service.Generation({"ollama_host": host}).reach().connect == ports
