"""What a service says of its settings without being started."""

import sys
from pathlib import Path

import pytest

from Kernel.contract.errors import MoltError
from Kernel.ports import settings_report as port
from tests.structure.sources import ROOT
from zones.chronos.settings import KEYS
from zones.runtime.settings_report import report


def test_keys_and_faults():
    """The table, and every fault by its key."""
    said = report("zones.chronos", {"snapshots_kept": 0, "more": 1})
    assert said["keys"] == [key.fields() for key in KEYS]
    assert [fault["key"] for fault in said["faults"]] == ["snapshots_kept", "more"]


def test_a_service_without_a_table():
    """A service need not tell what it takes: it is checked when it is prepared."""
    assert report("tests.support.toy", {"any": 1}) == {"keys": [], "faults": []}


def test_a_service_that_is_not_there():
    """A package that does not exist, or does not import, is no service without a table."""
    with pytest.raises(ImportError):
        report("zones.nosuch", {})


@pytest.mark.slow
class TestPort:
    def test_the_kernel_asks_in_a_process_of_its_own(self):
        """Keys and faults come back as the kernel has them."""
        said = port.ask_service(ROOT, "zones.chronos", {"snapshots_kept": 0})
        assert [key.name for key in said.keys] == [key.name for key in KEYS]
        assert [fault.key for fault in said.faults] == ["snapshots_kept"]

    def test_a_service_that_cannot_be_loaded(self, tmp_path: Path):
        """A syntax error in the working tree is said in one sentence."""
        (tmp_path / "zones").symlink_to(ROOT / "zones")
        (tmp_path / "Kernel").symlink_to(ROOT / "Kernel")
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken" / "settings.py").write_text("def\n")
        with pytest.raises(MoltError, match=r"^cannot load broken: SyntaxError: "):
            port.ask_service(tmp_path, "broken", {})

    @pytest.mark.parametrize("said", ["", "3", "{}", '{"keys": [3], "faults": []}'])
    def test_nonsense_is_refused(self, tmp_path: Path, said: str, monkeypatch):
        """What a service says is outside data."""
        speaker = tmp_path / "speaker"
        speaker.write_text(f"#!{sys.executable}\nprint({said!r})\n")
        speaker.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(speaker))
        with pytest.raises(MoltError, match=r"^cannot read what x says"):
            port.ask_service(tmp_path, "x", {})
