"""Write zones/ledger/exports/swarm_event_pb2.py and .pyi: what protoc makes of the .proto beside.

Owns: calling protoc as the committed module was made. Does not own: the messages
(`swarm_event.proto`). Run `python -m tools.swarm_event` after a change of it; a test compares.
"""

import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from grpc_tools import protoc

FOLDER: Final = Path(__file__).resolve().parents[1] / "zones" / "ledger" / "exports"
NAME: Final = "swarm_event.proto"


def generate(folder: Path) -> dict[str, str]:
    """Return what protoc makes of the .proto in a folder: name of the file -> text.

    Raises:
        ValueError: protoc refuses it; it has said why on stderr.
    """
    with tempfile.TemporaryDirectory() as made, as_file(files("grpc_tools") / "_proto") as known:
        words = [f"-I{folder}", f"-I{known}", f"--python_out={made}", f"--pyi_out={made}", NAME]
        if protoc.main(["protoc", *words]) != 0:
            raise ValueError(f"cannot make a module of {folder / NAME}")
        return {path.name: path.read_text("utf-8") for path in sorted(Path(made).iterdir())}


def main() -> int:
    """Write the files and return the exit code."""
    for name, text in generate(FOLDER).items():
        (FOLDER / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
