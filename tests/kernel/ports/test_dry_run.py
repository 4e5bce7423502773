"""What a dry run proves, by the words of two versions; and children that do what they like."""

import sys
from pathlib import Path

import pytest

from Kernel.contract.compiled_files import COMPILED_FILES, cache_name, hash_sources
from Kernel.contract.errors import MoltError
from Kernel.core.bundle import BundleRefused
from Kernel.ports import dry_run
from Kernel.ports.dry_run import PLACE, DryRun, judge

TOLD = {
    "from_tick": 40, "ticks": 600, "hash": "ab" * 32, "population": 300, "checks_failed": 0,
    "image": "/somewhere/x.snapshot", "why": "",
}  # fmt: skip


def refused(found: dict, control: dict = TOLD, changes: bool = False) -> str:
    with pytest.raises(BundleRefused) as caught:
        judge(control, found, changes)
    assert caught.value.rule == "probe"
    return caught.value.why


def test_the_same_hash_proves_the_claim() -> None:
    """And is told with where it began."""
    said = judge(TOLD, dict(TOLD), False)
    assert said == "600 ticks from tick 40 of a copy of the world: the same hash"
    small = TOLD | {"why": "cannot find an arena"}
    assert "of a small world" in judge(small, dict(TOLD), False)


def test_another_hash_disproves_it() -> None:
    """Unless behaviour may change: then it is told, and no reason to refuse."""
    other = TOLD | {"hash": "cd" * 32}
    assert "claims to change no behaviour" in refused(other)
    assert judge(TOLD, other, True).endswith("hash cdcdcdcdcdcd, another one")
    for nothing in ("", None, 7):
        assert refused(TOLD | {"hash": nothing}, TOLD | {"hash": nothing})


def test_a_world_that_breaks_or_dies_out() -> None:
    """Whatever it claims: where the one that serves keeps the same world well."""
    assert "3 checks of its world failed" in refused(TOLD | {"checks_failed": 3}, changes=True)
    assert "nobody of its world lives" in refused(TOLD | {"population": 0}, changes=True)
    dead = TOLD | {"population": 0, "checks_failed": 3}
    assert judge(dead, dict(dead), True), "it was so before"


@pytest.mark.parametrize(
    "lie",
    [
        {"from_tick": 41}, {"ticks": 1}, {"ticks": "600"}, {"population": None},
        {"checks_failed": -1}, {"from_tick": True},
    ],
)  # fmt: skip
def test_a_version_that_lies(lie: dict) -> None:
    """It is believed in nothing that can be checked."""
    assert refused(TOLD | lie, changes=True)


CHILD = """
import json, os, sys, time
words = sys.argv[1:]
root, told = words[1], {told!r}
which = os.path.basename(root)
open(os.path.join(root, "asked"), "a").write(" ".join(words) + "\\n")
code = open(os.path.join(root, "does")).read()
exec(code)
print("noise")
print(json.dumps(told))
"""


@pytest.fixture
def run(tmp_path: Path) -> DryRun:
    """Give a dry run whose launcher is a script of ours, in a checkout made up."""
    runtime = tmp_path / "checkout/zones/runtime"
    runtime.mkdir(parents=True)
    for folder in (runtime, runtime.parent):
        (folder / "__init__.py").touch()
    (runtime / "enclosed_module.py").write_text(CHILD.format(told=TOLD))
    for name in ("control", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "does").touch()
    return DryRun(tmp_path / "home", tmp_path / "checkout", tmp_path / "control", tmp_path / "c")


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


@pytest.mark.slow
def test_the_order(run: DryRun, tmp_path: Path) -> None:
    """Self-test, the copy by who serves, the same copy by the new one; nothing stays behind."""
    for name in COMPILED_FILES:
        (tmp_path / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / name).touch()
    name = cache_name(hash_sources(tmp_path / "new"))
    (tmp_path / "new/does").write_text(
        f"os.makedirs(os.environ['NUMBA_CACHE_DIR'] + '/{name}', exist_ok=True)"
    )
    kept: list[Path] = []
    assert "the same hash" in run.prove(tmp_path / "new", False, 600, kept.append)
    ours, theirs = asked(tmp_path / "control"), asked(tmp_path / "new")
    assert len(ours) == 1 and "dry-run" in ours[0] and f"--keep {run.home / PLACE}" in ours[0]
    assert ["self-test" in each for each in theirs] == [True, False]
    assert "--image /somewhere/x.snapshot" in theirs[1] and "--ticks 600" in theirs[1]
    assert f"--write {run.home / PLACE}" in theirs[0]
    assert not (run.home / PLACE).exists()
    assert kept == [run.home / PLACE / "cache" / name], "compiled apart from what serves"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("raise SystemExit(9)", "failed: exit code 9"),
        ("os.kill(os.getpid(), 11)", "failed: signal 11"),
        ("sys.exit('cannot load zones.world\\nhint: edit it')", "failed: cannot load zones.world"),
        ("print('x'); sys.stdout.flush(); os._exit(0)", "nothing that can be read"),
        ("print('[1]'); sys.stdout.flush(); os._exit(0)", "nothing that can be read"),
        ("while True: print('x' * 100_000)", "said more than 1 MiB"),
        ("os.close(1); os.close(2); os.dup2(0, 1); time.sleep(600)", "took above 1.5 s"),
        ("time.sleep(600)", "took above 1.5 s"),
    ],
)
def test_what_a_version_may_do_instead(
    run: DryRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, why: str
) -> None:
    """It is the version's own fault, told in words, within time and memory."""
    monkeypatch.setattr(dry_run, "CHILD_S", 1.5)
    monkeypatch.setattr(dry_run, "HEARD_BYTES_MAX", 1 << 20)
    (tmp_path / "new/does").write_text(does)
    with pytest.raises(BundleRefused, match="its self-test") as caught:
        run.prove(tmp_path / "new", True, 600, print)
    assert why in caught.value.why and not (run.home / PLACE).exists()


@pytest.mark.slow
def test_who_serves_cannot_do_it(run: DryRun, tmp_path: Path) -> None:
    """That says nothing about the new one: it is no verdict."""
    (tmp_path / "control/does").write_text("sys.exit('cannot seal\\nhint: molt doctor cage')")
    with pytest.raises(MoltError, match="that which serves failed: cannot seal") as caught:
        run.prove(tmp_path / "new", True, 600, print)
    assert not isinstance(caught.value, BundleRefused) and caught.value.hint == "molt doctor cage"


def test_no_room_for_a_process(
    run: DryRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does that."""

    def full(*_words: object, **_more: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(dry_run.subprocess, "Popen", full)
    with pytest.raises(MoltError, match="cannot start a process"):
        run.prove(tmp_path / "new", True, 600, print)
    assert sys.executable
