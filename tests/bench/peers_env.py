"""The peers' own Python and programs, kept out of molt's environment.

Owns: `.cache/peers`, made on demand from `peers.txt`. Does not own: how a peer is measured.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.bench.report import ROOT, CannotMeasure

FOLDER = ROOT / ".cache" / "peers"
REQUIREMENTS = Path(__file__).with_name("peers.txt")
INSTALL_TIMEOUT_S = 900.0


def peers_python() -> Path:
    """Return the Python that has the peers; the first call installs them (a minute or two).

    Raises:
        CannotMeasure: they cannot be installed.
    """
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / ".installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return python
    print("molt: installing the peers into .cache/peers", file=sys.stderr)
    venv.EnvBuilder(clear=True, with_pip=True).create(FOLDER)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run(
            [*install, "-r", str(REQUIREMENTS)],
            stdout=sys.stderr,
            check=True,
            timeout=INSTALL_TIMEOUT_S,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotMeasure(f"cannot install the peers: {error}") from error
    stamp.write_text(wanted, encoding="ascii")
    return python


def find_program(name: str) -> Path | None:
    """Return a peer's program from the peers' environment or PATH; None: it is not here."""
    found = shutil.which(name, path=FOLDER / "bin") or shutil.which(name)
    return Path(found) if found else None
