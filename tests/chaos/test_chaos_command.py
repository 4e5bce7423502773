"""`molt chaos` against a real kernel: it can be ended early, and leaves nobody hurt."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import ROOT, KernelRun, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
REPORT_S = 300


def chaos(home: Path, *words: str) -> list[str]:
    """Return the command on a home."""
    return [sys.executable, "-m", "tools.chaos", "--home", str(home), "--json", *words]


def test_ended_early_it_heals_and_reports(home: Path) -> None:
    """The report tells of the rounds until then; everybody runs, and the world goes on."""
    with KernelRun(home, "world.tick_rate_ms=4", "world.seed=5") as kernel:
        listed = subprocess.run(
            chaos(home, "--dry-run"), cwd=ROOT, capture_output=True, timeout=60, check=True
        )
        assert {"kill stable", "kill world"} & {
            each["name"] for each in json.loads(listed.stdout)["faults"]
        }
        with subprocess.Popen(
            chaos(home, "--minutes", "60", "--seed", "5", "--yes"),
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as campaign:  # fmt: skip
            assert campaign.stderr is not None
            said = [campaign.stderr.readline() for _ in range(3)]
            campaign.send_signal(signal.SIGINT)
            out, err = campaign.communicate(timeout=REPORT_S)
        assert said[0] == "--seed 5\n" and "ended early" in err
        report = json.loads(out)
        assert len(report["rounds"]) >= 2 and not any(each["breaches"] for each in report["rounds"])
        for pid in [kernel.process.pid, *kernel.family()]:
            stat = Path(f"/proc/{pid}/stat")
            assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "T"
        tick = kernel.word(Header.COMMIT)
        wait_until(lambda: kernel.word(Header.COMMIT) > tick + 50, "the world goes on")
