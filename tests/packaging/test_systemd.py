"""The systemd units: what they promise, against the code and against systemd itself."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from Kernel.boot import ROOT
from Kernel.config import load_config
from Kernel.contract.errors import AlreadyRunning, ConfigError, UsageError
from manifest import EXIT_INSTALLATION

FOLDER = ROOT / "packaging" / "systemd"
UNITS = {"user": FOLDER / "molt.service", "system": FOLDER / "system" / "molt.service"}
CHECKOUTS = {"user": "%h/molt", "system": "/srv/molt"}
FOR_A_PERSON = {UsageError.exit_code, AlreadyRunning.exit_code, ConfigError.exit_code}
"""What trying again cannot mend."""
PROMISED = {
    "Type": "notify",
    "NotifyAccess": "main",
    "WatchdogSec": "30",
    "Restart": "on-failure",
    "TimeoutStopSec": "30",
    "KillMode": "mixed",
    "StateDirectory": "molt",
    "RuntimeDirectory": "molt",
    "Delegate": "yes",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "PrivateTmp": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
}


def read_unit(path: Path) -> dict[str, str]:
    """Return the keys of all sections; each stands once."""
    fields: dict[str, str] = {}
    for line in path.read_text().splitlines():
        key, equals, value = line.partition("=")
        if not equals or line.startswith("#"):
            continue
        assert key not in fields, f"{key} stands twice"
        fields[key] = value
    return fields


@pytest.fixture(params=list(UNITS))
def kind(request: pytest.FixtureRequest) -> str:
    """Give each unit in turn."""
    return str(request.param)


def test_unit_says_what_is_promised(kind):
    """Supervision and confinement are as documented."""
    fields = read_unit(UNITS[kind])
    assert {key: fields.get(key) for key in PROMISED} == PROMISED


def test_no_restart_for_what_a_person_must_mend(kind):
    """The codes that are not tried again are those the code leaves with, no more and no fewer."""
    codes = set(map(int, read_unit(UNITS[kind])["RestartPreventExitStatus"].split()))
    assert codes == FOR_A_PERSON and EXIT_INSTALLATION in codes


def test_a_stop_has_more_time_than_it_takes(kind):
    """The kernel ends a stop itself, before systemd loses patience."""
    seconds = float(read_unit(UNITS[kind])["TimeoutStopSec"])
    assert load_config(ROOT / "config", (), {}).stop_deadline_s < seconds


def test_what_is_started_is_there(kind):
    """The unit starts manifest.py of a checkout, on the service's own home."""
    place = CHECKOUTS[kind]
    words = read_unit(UNITS[kind])["ExecStart"].split()
    assert words[0] == f"{place}/.venv/bin/python" and words[1] == f"{place}/manifest.py"
    assert (ROOT / "manifest.py").is_file() and words[2:4] == ["--home", "%S/molt"]


def test_units_differ_only_in_user_and_place():
    """The unit of the machine is that of a user under another name and elsewhere."""
    user, system = (read_unit(path) for path in UNITS.values())
    user = {key: value.replace("%h/molt", "/srv/molt") for key, value in user.items()}
    differs = {key for key in user.keys() | system.keys() if user.get(key) != system.get(key)}
    assert differs == {"User", "Group", "WantedBy"}


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["", "Restart=sometimes\n"], ids=["ours", "canary"])
def test_systemd_takes_it(kind, broken, tmp_path):
    """systemd-analyze finds nothing to say, and does where something is wrong."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    text = UNITS[kind].read_text().replace(CHECKOUTS[kind], str(ROOT))
    if not (ROOT / ".venv" / "bin" / "python").exists():
        text = text.replace(f"{ROOT}/.venv/bin/python", shutil.which("true") or "/bin/true")
    unit = tmp_path / "molt.service"
    unit.write_text(text.replace("[Install]", f"{broken}[Install]"))
    (tmp_path / "run").mkdir(mode=0o700)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(["--user"] if kind == "user" else []), str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "molt.service" in line]
    assert bool(said) == bool(broken), done.stderr


@pytest.mark.slow
def test_make_writes_the_unit_of_this_checkout(tmp_path):
    """install-service names this checkout, and no placeholder is left in a path."""
    subprocess.run(
        ["make", "install-service", "-o", "setup", f"SERVICE_DIR={tmp_path}/systemd/user"],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    fields = read_unit(tmp_path / "systemd" / "user" / "molt.service")
    assert fields["WorkingDirectory"] == str(ROOT)
    assert fields["ReadWritePaths"] == f"-{ROOT}/.cache"
