"""The process of a trial: what it is given, what it answers, and what it cannot reach itself."""

import codecs
import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from tests.zones.world.trial.stage import BUDGET_US, DRIFTER, image, missing
from zones.runtime.cage import Layer
from zones.runtime.trait_store import PLACE, TraitStore
from zones.world.trait_loading import LoadedTraits
from zones.world.trial import cell
from zones.world.trial.cell import CODECS, run_trial
from zones.world.trial.copying import found_copy

pytestmark = pytest.mark.slow
NOBODY = 65534


def ask(home: Path, source: bytes = DRIFTER, arena=None, lacking=None, user=0, **job):
    """Return what a process answers that carries a trial out."""
    source_fd = os.memfd_create("job")
    os.write(source_fd, source)
    os.lseek(source_fd, 0, os.SEEK_SET)
    reader, writer = os.pipe()
    descriptors = {"job": source_fd, "result": writer}
    if arena is not None:
        descriptors["arena"] = arena
    facts = {"trial": {"zone": "w", "home": str(home), "ticks": 50, **job}}
    layers = missing() if lacking is None else lacking
    child = os.fork()
    if not child:
        if user:
            for codec in CODECS:  # the interpreter of a test may lie where no other user can read
                codecs.lookup(codec)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        try:
            run_trial(facts, descriptors, layers, LoadedTraits(), BUDGET_US)
        finally:
            os._exit(0)
    os.close(writer)
    os.close(source_fd)
    answer = b""
    while data := os.read(reader, 65536):
        answer += data
    os.close(reader)
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(answer)


def test_an_enclosed_coordinator_comes_to_a_verdict(tmp_path):
    """It reaches all that it needs: its children are sealed, and nothing was written."""
    told = ask(tmp_path, scale=2, seeds=2)
    assert told["accepted"] and told["tier"] == "native", told
    assert list(tmp_path.iterdir()) == []


def test_it_can_write_what_is_added(tmp_path):
    """Store and set: into a folder that was made before it was enclosed; no file for people."""
    told = ask(tmp_path, add=True)
    stored = TraitStore(tmp_path).load(told["code_hash"])
    assert told["accepted"] and stored.source == DRIFTER
    assert told["file_path"] == "mutations/trait_drifter_v1.py"
    assert not (tmp_path / "mutations").exists()
    assert (tmp_path / PLACE / "w.json").exists()


def test_it_copies_the_world_that_it_is_handed(tmp_path):
    """By its descriptor, whatever lies in the home."""
    copied = image()
    arena = os.memfd_create("arena")
    os.ftruncate(arena, copied.buffers().file_bytes)
    memory = memoryview(bytearray(copied.buffers().file_bytes))
    found_copy(memory, copied)
    os.write(arena, memory)
    told = ask(tmp_path, arena=arena, trial=True)
    os.close(arena)
    assert told["accepted"] and told["note"] == "" and told["population"] > 100


@pytest.mark.parametrize(
    "lacking", [{Layer.LANDLOCK}, {Layer.NAMESPACES}, {Layer.LANDLOCK, Layer.NAMESPACES}]
)
def test_a_machine_with_fewer_layers_comes_to_a_verdict_too(tmp_path, lacking):
    """Without Landlock each child takes namespaces of its own; without either calls are held."""
    told = ask(tmp_path, lacking=missing() | lacking)
    assert told["accepted"] and told["tier"] == "native", told


def test_an_ordinary_user_can_have_traits_tried():
    """With no right that root has, in the process or its children."""
    if os.getuid():
        pytest.skip("every other test is run by an ordinary user")
    told = ask(Path("/nowhere"), user=NOBODY)
    assert told["accepted"] and told["tier"] == "native", told


def test_a_source_that_is_too_long_is_refused_by_its_rule(tmp_path):
    """And it is the whole of it that the verdict is about."""
    source = DRIFTER + b"#" * 100_000
    told = ask(tmp_path, source)
    assert (told["rule"], told["stage"]) == ("size", "validation")
    assert told["code_hash"] == hashlib.sha256(source).hexdigest()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"ticks": 0}, "cannot try a trait: ticks is 0"),
        ({"lacking": frozenset({Layer.SECCOMP})}, "grade D"),
    ],
)
def test_what_keeps_it_from_a_verdict_is_told(tmp_path, more, why):
    """It is no fault of the source."""
    assert why in ask(tmp_path, **more)["failed"]


def test_a_home_that_cannot_be_written_is_no_fault_of_the_source(tmp_path):
    """The place is named."""
    (tmp_path / "data").write_text("in the way")
    assert "data/traits: Not a directory" in ask(tmp_path, add=True)["failed"]


def reach(_job, _source, _context):
    """Try what a coordinator has no business with; return what it got."""
    found = {}
    for name, act in {
        "file": lambda: Path("/etc/hostname").read_bytes(),
        "home": lambda: (Path("/tmp") / "molt-reached").write_bytes(b""),
        "network": lambda: socket.create_connection(("127.0.0.1", 22), 1),
    }.items():
        try:
            act()
            found[name] = "reached"
        except OSError as error:
            found[name] = type(error).__name__
    return found


def test_the_coordinator_itself_reaches_nothing_else(tmp_path, monkeypatch):
    """No other file, and no network, where this machine has the layers for it."""
    if {Layer.LANDLOCK, Layer.NAMESPACES} & missing():
        pytest.skip("this machine has not got the layers")
    monkeypatch.setattr(cell, "try_trait", reach)
    told = ask(tmp_path)
    assert told["file"] == told["home"] == "PermissionError"
    assert told["network"] != "reached"
