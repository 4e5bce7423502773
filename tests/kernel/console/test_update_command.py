"""`molt update` without a kernel: keys, packing, staging, and what a refusal says."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from Kernel.console import update_command
from Kernel.console.update_command import main
from Kernel.core import passive_update as up
from Kernel.core.bundle import BundleRefused, open_bundle
from Kernel.ports.update_files import INCOMING, HomeUpdates
from Kernel.ports.update_keys import read_keyring
from tests.support.bundles import version_files


class FakeRun:
    """A dry run that takes no time, and what it was asked for."""

    def __init__(self) -> None:
        self.refusal: BundleRefused | None = None
        self.asked: list[tuple[Path, bool, int]] = []

    def prove(
        self, root: Path, changes_behaviour: bool, ticks: int, keep: Callable[[Path], object]
    ) -> str:
        self.asked.append((root, changes_behaviour, ticks))
        if self.refusal is not None:
            raise self.refusal
        return f"{ticks} ticks: the same hash"


class Desk:
    """A home, a checkout to pack, and the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], run: FakeRun) -> None:
        self.folder, self.home, self.run = folder, folder / "home", run
        self._capsys = capsys
        self.home.mkdir()
        self.edit("engine", "TICK = 1\n")
        self.ok("keygen", "key")

    def edit(self, stem: str, text: str) -> None:
        """Let the checkout have this in zones/world/STEM.py."""
        for path, content in version_files(**{stem: text}).items():
            (self.folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / "tree" / path).write_bytes(content)

    def call(self, *words: str) -> tuple[int, dict]:
        """Return exit code and document."""
        self._capsys.readouterr()
        code = main([*words, "--home", str(self.home), "--json"])
        said = self._capsys.readouterr()
        return code, json.loads(said.out)

    def ok(self, *words: str) -> dict:
        code, told = self.call(*words)
        assert code == 0, told
        return told

    def refused(self, *words: str) -> str:
        """Return the rule of a refusal, which exits 5."""
        code, told = self.call(*words)
        error = told["error"]
        assert code == error["code"] == 5, told
        assert error["message"].startswith("cannot ")
        return error.get("rule", error["message"])

    def pack(self, name: str, counter: int, *more: str, key: str = "key") -> str:
        self.ok(
            "pack", name, "--key", key, "--version", f"{counter}.0", "--counter", str(counter),
            "--source", "tree", *more,
        )  # fmt: skip
        return name

    def updates(self) -> up.Updates:
        return HomeUpdates(self.home).load()


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.chdir(tmp_path)
    run = FakeRun()
    monkeypatch.setattr(update_command, "_dry_run", lambda _options: run)
    return Desk(tmp_path, capsys, run)


def test_from_a_key_to_a_version_that_has_proved_itself(desk: Desk) -> None:
    """Packed, verified, unpacked, proved; the home says so."""
    desk.pack("a.bundle", 1)
    told = desk.ok("stage", "a.bundle", "--ticks", "50")
    assert told["stage"] == "probed" and told["proof"] == "50 ticks: the same hash"
    candidate = desk.updates().candidate
    assert candidate is not None and candidate.stage is up.Stage.PROBED
    ((root, changes, ticks),) = desk.run.asked
    assert (root.name, changes, ticks) == (told["id"], False, 50)
    assert (root / "zones/world/engine.py").read_text() == "TICK = 1\n"
    status = desk.ok("status")
    assert status["candidate"]["version"] == "1.0" and status["active"] is None
    assert status["serves"] == "checkout" and len(status["keys"]) == 1
    assert not status["problems"]


def test_what_it_says_to_people(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each step as it comes, and the command that goes on."""
    desk.pack("a.bundle", 1)
    capsys.readouterr()
    assert main(["stage", "a.bundle", "--home", str(desk.home)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in said if line.startswith("●")] == [
        "verified", "unpacked", "proved",
    ]  # fmt: skip
    assert said[-1] == "hint: molt update commit"
    assert main(["status", "--home", str(desk.home)]) == 0
    said = capsys.readouterr().out
    assert "● active    the factory version" in said and "1.0 (" in said and "probed" in said


def test_the_claim_comes_along(desk: Desk) -> None:
    """What says that it changes behaviour is held to no hash."""
    desk.pack("a.bundle", 1, "--changes-behaviour")
    assert desk.ok("stage", "a.bundle")["changes_behaviour"] is True
    assert desk.run.asked[0][1] is True


def test_what_is_wrong_with_a_bundle_is_told_with_its_rule(desk: Desk) -> None:
    """Nothing of it reaches the home."""
    data = (desk.folder / desk.pack("a.bundle", 1)).read_bytes()
    for rule, other in (
        ("signature", data[:200] + bytes([data[200] ^ 1]) + data[201:]),
        ("form", data[:-1]),
        ("form", b"PK\x03\x04" + data),
        ("hash", data[:-3] + b"9" + data[-2:]),
    ):
        Path("b.bundle").write_bytes(other)
        assert desk.refused("stage", "b.bundle") == rule
    assert desk.updates() == up.Updates() and not (desk.home / INCOMING).exists()


def test_a_stranger_signs_in_vain(desk: Desk) -> None:
    """Until the operator enrols the public half; a key that is deleted counts no more."""
    desk.call("keygen", "theirs")
    keys = desk.home / "fallback/keys"
    theirs = next(
        each for each in keys.iterdir()
        if each.read_bytes() == Path("theirs.pub").read_bytes()
    )  # fmt: skip
    theirs.unlink()
    desk.pack("a.bundle", 1, key="theirs")
    assert desk.refused("stage", "a.bundle") == "key"
    told = desk.ok("keygen", "--enrol", "theirs.pub")
    assert told["new"] is True and desk.ok("keygen", "--enrol", "theirs.pub")["new"] is False
    assert desk.ok("stage", "a.bundle")
    assert len(read_keyring(desk.home).keys) == 2


def _keep(desk: Desk) -> None:
    files = HomeUpdates(desk.home)
    for step in (up.commit, up.begin_attempt, up.keep):
        files.change(step)


def test_older_the_same_and_busy(desk: Desk) -> None:
    """What a sound bundle is refused for."""
    desk.ok("stage", desk.pack("five.bundle", 5))
    _keep(desk)
    assert desk.refused("stage", "five.bundle") == "known"
    desk.edit("engine", "TICK = 2\n")
    assert desk.refused("stage", desk.pack("four.bundle", 4)) == "rollback"
    assert desk.refused("stage", desk.pack("same.bundle", 5)) == "rollback"
    desk.ok("stage", desk.pack("six.bundle", 6))
    HomeUpdates(desk.home).change(up.commit)
    desk.edit("engine", "TICK = 3\n")
    assert desk.refused("stage", desk.pack("seven.bundle", 7)) == "busy"
    HomeUpdates(desk.home).change(lambda updates: up.roll_back(updates, "it crashed"))
    assert desk.refused("stage", "six.bundle") == "known"
    assert desk.ok("stage", "six.bundle", "--again")


def test_another_contract_is_refused_before_it_is_unpacked(desk: Desk) -> None:
    """It could not talk with this kernel."""
    place = desk.folder / "tree/Kernel/contract/contract_version.py"
    place.write_text("CONTRACT: Final = 99\n")
    assert desk.refused("stage", desk.pack("a.bundle", 1)) == "contract"
    assert not (desk.home / "fallback/slots/versions").exists()


def test_what_does_not_prove_itself_is_gone(desk: Desk) -> None:
    """With its reason in the record, and no longer on the disk."""
    desk.run.refusal = BundleRefused("probe", "its self-test failed: SyntaxError")
    desk.pack("a.bundle", 1)
    assert desk.refused("stage", "a.bundle") == "probe"
    updates = desk.updates()
    assert updates.candidate is None and "SyntaxError" in updates.outcomes[-1].why
    assert os.listdir(desk.home / "fallback/slots/versions") == []
    code, _ = desk.call("stage", "a.bundle")
    assert code == 5, "it may be tried again: it was never taken back"


def test_another_staged_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that came later is the one; who was before says so and touches nothing."""
    desk.pack("a.bundle", 1)
    desk.edit("engine", "TICK = 2\n")
    desk.pack("b.bundle", 2)
    real = desk.run.prove

    def late(*words) -> str:
        desk.run.prove = real
        desk.ok("stage", "b.bundle")
        return real(*words)

    desk.run.prove = late
    assert "another was staged meanwhile" in desk.refused("stage", "a.bundle")
    candidate = desk.updates().candidate
    assert candidate is not None and candidate.what.version == "2.0"


def test_packing_never_overwrites(desk: Desk) -> None:
    """A file that is there stays; so do keys."""
    desk.pack("a.bundle", 1)
    before = Path("a.bundle").read_bytes()
    words = ("--key", "key", "--version", "1", "--counter", "1", "--source", "tree")
    assert "is there already" in desk.refused("pack", "a.bundle", *words)
    assert Path("a.bundle").read_bytes() == before
    assert "is there already" in desk.refused("keygen", "key")
    opened = open_bundle(before, read_keyring(desk.home).verify)
    assert opened.manifest.counter == 1


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("eat",),
        ("keygen",),
        ("keygen", "a", "--enrol", "b"),
        ("pack", "x"),
        ("pack", "x", "--key", "key", "--version", "1", "--counter", "0"),
        ("pack", "x", "--key", "key", "--version", "1", "--counter", "1e3"),
        ("pack", "x", "--key", "key", "--version", "1", "--counter", "9" * 40),
        ("pack", "x", "--key", "key", "--version", "1", "--counter", "1", "--source", "none"),
        ("stage",),
        ("stage", "none.bundle"),
        ("stage", "."),
        ("stage", "x", "--ticks", "-1"),
    ],
)
def test_wrong_words(desk: Desk, words: tuple[str, ...]) -> None:
    """They exit 2 with a sentence, and leave nothing."""
    code, told = desk.call(*words)
    assert code == 2 and told["error"]["message"].startswith("cannot ")
    assert not Path("x").exists()


def test_links_and_too_long_files_are_not_packed(desk: Desk) -> None:
    """What a home would refuse is not signed."""
    link = desk.folder / "tree/zones/world/link.py"
    link.symlink_to("engine.py")
    words = ("pack", "x", "--key", "key", "--version", "1", "--counter", "1", "--source", "tree")
    code, told = desk.call(*words)
    assert code == 78 and "no plain file" in told["error"]["message"]
    link.unlink()
    with link.open("wb") as file:
        file.truncate(update_command.FILE_BYTES_MAX + 1)
    assert desk.refused(*words) == "limit"
    link.unlink()
    (desk.folder / "tree/zones/world/data.bin").write_bytes(b"")
    assert desk.refused(*words) == "path"


def test_damage_is_found_by_status(desk: Desk) -> None:
    """One bit of what is in use: exit code 1, the file by name and what helps."""
    desk.ok("stage", desk.pack("a.bundle", 1))
    _keep(desk)
    root = next((desk.home / "fallback/slots/versions").iterdir())
    assert desk.ok("status")["serves"].startswith("update 1.0")
    (root / "zones/world/engine.py").write_text("TICK = 7\n")
    code, told = desk.call("status")
    assert code == 1 and told["serves"] == "checkout"
    (problem,) = told["problems"]
    assert problem["what"] == "active" and "engine.py is not as its list says" in problem["why"]
    assert problem["hint"] == "molt update rollback"


def test_a_key_that_does_not_count_is_told(desk: Desk) -> None:
    """It is no damage of a version; but nobody is left to wonder."""
    (desk.home / "fallback/keys/junk.pem").write_text("junk")
    told = desk.ok("status")
    assert [each["what"] for each in told["problems"]] == ["keys"]
