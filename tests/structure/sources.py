"""Find and parse the files that the structure tests look at.

Owns: which files belong to the project. Does not own: any rule (`test_layers.py`, `test_tidy.py`).
"""

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
# path -> why no rule is held to it
GENERATED: dict[str, str] = {
    "zones/ledger/exports/swarm_event_pb2.py": "written by protoc, compared with its .proto",
}
# Traits as models and attackers write them: data of tests, never imported.
CORPUS = "tests/corpus/"


@dataclass(frozen=True)
class Source:
    """One Python file.

    Args:
        path: relative to the checkout, with forward slashes.
        text: its content.
    """

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Return the parsed file."""
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        """Return the dotted name under which it is imported."""
        parts = PurePosixPath(self.path).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=1)
def project_files() -> tuple[str, ...]:
    """Return every file that is tracked by git or would be, relative to the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    ).stdout
    names = sorted(set(listed.split("\0")) - {""})
    return tuple(name for name in names if (ROOT / name).is_file())


@lru_cache(maxsize=1)
def python_sources() -> tuple[Source, ...]:
    """Return every Python file of the project that people write."""
    names = [
        name
        for name in project_files()
        if name.endswith(".py") and name not in GENERATED and not name.startswith(CORPUS)
    ]
    return tuple(Source(name, (ROOT / name).read_text(encoding="utf-8")) for name in names)
