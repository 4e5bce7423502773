"""Who looks at the hour: nobody who decides anything, so that a clock may be stepped by a day."""

import ast
from collections.abc import Iterator

import pytest

from tests.structure.sources import Source, python_sources

HOUR = {
    "time": "the hour", "time_ns": "the hour", "CLOCK_REALTIME": "the hour",
    "st_mtime": "a file's hour",
    "st_mtime_ns": "a file's hour", "st_ctime": "a file's hour", "getmtime": "a file's hour",
    "now": "the hour", "utcnow": "the hour", "today": "the hour", "localtime": "the hour",
    "gmtime": "the hour", "strftime": "the hour", "ctime": "the hour", "timerfd": "the hour",
}  # fmt: skip
MODULES = {"time", "datetime", "date", "os", "path"}
"""What these names are looked up in; `st_*` are taken from anything."""

LOOKERS = {
    "Kernel/ports/clock.py": "the date of an event, for people; its age is reckoned otherwise",
    "Kernel/ports/machine.py": "date and age of snapshots, for who asks doctor",
    "zones/world/service.py": "when an arena was made, for people",
    "zones/ledger/service.py": "when an event was stored, for people",
    "Kernel/ports/stacks.py": "which dumps of stacks are the oldest and go; they are for people",
    "Kernel/ports/own_stacks.py": "the name of a dump of stacks, for people",
    "Kernel/ports/versions.py": "whether a file has changed: compared, never put in order",
    "fallback/entry.py": "the name and the head of a crash report, for people",
    "fallback/probing.py": "whether a file has changed: compared, never put in order",
    "fallback/slot_files.py": "when a slot was filled, for people",
    "fallback/talk.py": "the hour of a line on a terminal or in a pipe, for people",
    "zones/runtime/wall_clock.py": "what a person means by five minutes ago",
    "zones/runtime/numba_setup.py": "which compile caches of old sources to delete",
}
RUNNING = (
    "Kernel/",
    "zones/runtime/",
    "zones/world/",
    "zones/chronos/",
    "zones/ledger/",
    "manifest.py",
    "fallback/",
)


def find_looks(source: Source) -> Iterator[str]:
    """Yield each place where a file reads the wall clock, or the hour of a file."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or node.attr not in HOUR:
            continue
        whose = ast.unparse(node.value).rpartition(".")[2]
        if node.attr.startswith("st_") or whose in MODULES:
            yield f"{source.path}:{node.lineno} looks at {HOUR[node.attr]}: {ast.unparse(node)}"


def test_only_who_tells_people_looks_at_the_hour() -> None:
    """What runs uses the monotonic clock; the few that look at the hour are named, with why."""
    looks = {
        source.path: list(find_looks(source))
        for source in python_sources()
        if source.path.startswith(RUNNING)
    }
    found = {path: faults for path, faults in looks.items() if faults}
    strangers = [fault for path, faults in found.items() if path not in LOOKERS for fault in faults]
    assert not strangers, "\n".join(strangers)
    assert set(found) == set(LOOKERS), "a file on the list looks no more: take it off"


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.time()", "import time\nx = time.clock_gettime(time.CLOCK_REALTIME)",
        "import datetime\nx = datetime.datetime.now()", "x = path.stat().st_mtime",
        "import os\nx = os.path.getmtime(y)",
    ],
)  # fmt: skip
def test_a_look_is_found(text: str) -> None:
    """A made-up file that looks is found once."""
    assert len(list(find_looks(Source("Kernel/core/a.py", text)))) == 1


def test_the_monotonic_clock_is_no_hour() -> None:
    """Time that cannot be stepped is free for all."""
    text = "import time\nx = time.monotonic() + time.monotonic_ns() + clock.now_s()"
    assert list(find_looks(Source("Kernel/core/a.py", text))) == []
