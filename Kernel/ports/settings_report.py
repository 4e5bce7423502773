"""Ask a service about settings: its keys and what is wrong with them, in a process of its own.

Owns: running `python -m zones.runtime.settings_report` and reading its answer. The kernel loads
no zone code; a service that cannot be loaded is its answer.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from Kernel.contract.errors import CodecError, Fault, MoltError
from Kernel.contract.settings import Key, parse_table

PATIENCE_S = 30.0
_MODULE = "zones.runtime.settings_report"


class Report(NamedTuple):
    """What a service says: its keys, none when it does not tell, and the faults it finds."""

    keys: tuple[Key, ...]
    faults: list[Fault]


def ask_service(root: Path, service: str, settings: dict[str, Any]) -> Report:
    """Have a service look at settings.

    Args:
        root: where the packages are.

    Raises:
        MoltError: it cannot be loaded, does not answer in PATIENCE_S, or speaks nonsense.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", _MODULE, service],
            cwd=root,
            input=json.dumps(settings),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        answer = json.loads(done.stdout)
        faults = [Fault(str(each["key"]), str(each["why"])) for each in answer["faults"]]
        return Report(parse_table(answer["keys"]), faults)
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise MoltError(f"cannot load {service}: {said}", "make setup") from error
    except subprocess.TimeoutExpired as error:
        raise MoltError(f"cannot ask {service}: no answer in {PATIENCE_S:g} s") from error
    except (ValueError, KeyError, TypeError, CodecError) as error:
        raise MoltError(f"cannot read what {service} says of its settings: {error}") from error
