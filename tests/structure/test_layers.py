"""Imports go down, never up, never sideways: the table of ARCHITECTURE.md, held by a test.

Each rule is shown twice: the project keeps it, and a made-up file that breaks it is found.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.structure.sources import ROOT, Source, python_sources

OURS = {"manifest", "Kernel", "fallback", "zones", "tools", "tests", "mutations"}
SHARED = ("zones.runtime", "zones.traits", "Kernel.contract")

# package -> what it may import of ours. The longest matching package decides.
OF_OURS: dict[str, tuple[str, ...]] = {
    "manifest": ("Kernel.boot", "fallback.entry"),
    "fallback": ("fallback",),
    "Kernel.contract": ("Kernel.contract",),
    "Kernel": ("Kernel", "fallback"),
    "zones.runtime": SHARED,
    "zones.traits": SHARED,
    "zones.client": (
        "zones.client",
        "zones.runtime.ledger_file",
        "zones.runtime.ledger_reading",
        "zones.runtime.lessons",
        "Kernel.contract",
    ),
    "zones.world": ("zones.world", *SHARED),
    "zones.agents": ("zones.agents", *SHARED),
    "zones": ("zones.runtime", "Kernel.contract"),  # any other service: itself is added below
    # The tables of keys alone: editors are shown kernel.yaml as they are shown the others.
    "tools": ("tools", "zones", "Kernel.contract", "Kernel.config_keys"),
    # A campaign asks the kernel like everybody else who is not in it.
    "tools.chaos": ("tools.chaos", "zones", "Kernel.contract", "Kernel.console.client"),
    "tests": ("Kernel", "fallback", "zones", "tools", "tests", "manifest"),
}

# package -> third parties it may import; a package that is not named may import any.
OF_OTHERS: dict[str, tuple[str, ...]] = {
    "manifest": (),
    "fallback": (),
    "Kernel.contract": ("msgpack", "msgspec", "yaml"),
    "Kernel.console": ("click", "psutil", "rich", "structlog", "yaml", "zmq", "msgpack"),
    "Kernel.console.repl": ("click", "prompt_toolkit"),
    "Kernel.ports.signatures": ("cryptography",),
    "Kernel": ("psutil", "structlog", "yaml", "zmq", "msgpack"),
    "Kernel.core.function_cache": ("blake3",),
    "zones.client": ("cloudpickle", "numpy", "pandas"),
    "zones.client.top": ("numpy", "rich", "textual"),
}

# module -> why it may import inside a function; also in pyproject.toml, for PLC0415
LATE_IMPORTS: dict[str, str] = {
    "zones.client.calling": "only who calls needs cloudpickle, and pays for its import",
    "zones.client.tables": "pandas is in the extra molt[science] and may be missing",
    "zones.ledger.exports.duck": "duckdb is in the extra molt[science] and may be missing",
    "zones.ledger.exports.otlp": "the exporter is in the extra molt[otlp] and may be missing",
    "manifest": "the kernel comes after the check of its packages, and may be what is broken",
    "tools.ecology_report": "altair is in the extra molt[science] and may be missing",
    "Kernel.console.output": "rich takes as long to import as all the rest, and --json needs none",
    "Kernel.console.cli": "prompt_toolkit takes longer to import than all the rest",
    "Kernel.console.here": "doctor reads YAML, which one-shot commands have no use for",
    "zones.runtime.lessons.sentence_model": "tokenizers comes by make memory and may be missing",
}


def within(module: str, package: str) -> bool:
    """Tell whether a module is the package or lies below it."""
    return module == package or module.startswith(package + ".")


def entry_for(table: dict[str, tuple[str, ...]], module: str) -> tuple[str, ...] | None:
    """Return the entry of the most specific package that holds the module."""
    fitting = [package for package in table if within(module, package)]
    return table[max(fitting, key=len)] if fitting else None


def allowed_of_ours(module: str) -> tuple[str, ...]:
    """Return the packages of ours that a module may import."""
    allowed = entry_for(OF_OURS, module) or ()
    parts = module.split(".")
    itself = (".".join(parts[:2]),) if parts[0] == "zones" and len(parts) > 1 else ()
    return allowed + itself


def imported_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the dotted names an import statement reaches for; relative ones begin with a dot."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    start = "." * node.level + (node.module or "")
    return [f"{start}.{alias.name}" for alias in node.names]


def find_faults(source: Source) -> Iterator[str]:
    """Yield a line for each import of a file that breaks a rule."""
    at_top = set(map(id, source.tree.body))
    for node in source.tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            at_top |= set(map(id, node.body))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        where = f"{source.path}:{node.lineno}"
        if id(node) not in at_top and source.module not in LATE_IMPORTS:
            yield f"{where} imports inside a block: imports stand at the top of the file"
        for name in imported_names(node):
            fault = judge_import(source.module, name)
            if fault:
                yield f"{where} {fault}"


def judge_import(module: str, name: str) -> str:
    """Return why `module` may not import `name`, or ""."""
    if name.startswith("."):
        return f"imports {name}: imports are absolute"
    top = name.split(".", maxsplit=1)[0]
    if top in OURS:
        if any(within(name, package) for package in allowed_of_ours(module)):
            return ""
        return f"imports {name}: it may import {', '.join(allowed_of_ours(module)) or 'nothing'}"
    if top in sys.stdlib_module_names:
        return ""
    others = entry_for(OF_OTHERS, module)
    if others is None or top in others:
        return ""
    return f"imports {name}: of third parties it may import {', '.join(others) or 'nothing'}"


def test_project_keeps_the_table() -> None:
    """No file of the project imports what its layer may not."""
    faults = [fault for source in python_sources() for fault in find_faults(source)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("fallback/safe_mode.py", "import zmq"),
        ("fallback/safe_mode.py", "from Kernel.contract import errors"),
        ("Kernel/contract/codec.py", "import zmq"),
        ("Kernel/contract/codec.py", "from Kernel import core"),
        ("Kernel/core/supervisor.py", "import numpy"),
        ("Kernel/core/supervisor.py", "from numba import njit"),
        ("Kernel/core/supervisor.py", "import click"),
        ("Kernel/core/supervisor.py", "from zones import world"),
        ("Kernel/boot.py", "import tests"),
        ("zones/world/engine.py", "from zones.chronos import store"),
        ("zones/world/engine.py", "from zones import chronos"),
        ("zones/world/engine.py", "from Kernel.core import supervisor"),
        ("zones/world/engine.py", "import Kernel"),
        ("zones/chronos/store.py", "import zones.world.columns"),
        ("zones/chronos/store.py", "from zones.traits import fuel"),
        ("zones/runtime/host.py", "from zones.world import engine"),
        ("zones/client/home.py", "from zones.runtime import bus"),
        ("zones/client/home.py", "from zones.runtime import ledger_blocks"),
        ("zones/client/home.py", "import zmq"),
        ("zones/world/engine.py", "import tests"),
        ("zones/world/engine.py", "from tools.ecology import family"),
        ("tools/ecology_report.py", "from Kernel.core import loop"),
        ("tools/config_schema.py", "from Kernel.config import load_config"),
        ("zones/agents/patcher.py", "from mutations import trait_forage_v1"),
        ("tests/test_manifest.py", "import mutations.trait_forage_v1"),
        ("manifest.py", "import zmq"),
        ("manifest.py", "from Kernel.core import loop"),
        ("zones/world/engine.py", "from .columns import Columns"),
        ("zones/world/engine.py", "from . import columns"),
        ("zones/world/engine.py", "def tick():\n    import json"),
        ("zones/world/engine.py", "try:\n    import json\nexcept ImportError:\n    json = None"),
    ],
)
def test_violation_is_found(path: str, text: str) -> None:
    """A made-up file that breaks one rule gives exactly one fault."""
    assert len(list(find_faults(Source(path, text)))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("fallback/client.py", "import json, socket\nfrom fallback import safe_mode"),
        (
            "Kernel/contract/codec.py",
            "import msgpack\nfrom Kernel.contract.errors import MoltError",
        ),
        ("Kernel/boot.py", "import zmq\nfrom Kernel.core import supervisor\nimport fallback"),
        ("Kernel/console/render.py", "import click\nimport rich"),
        ("zones/world/engine.py", "import numpy\nfrom zones.world import grid"),
        (
            "zones/world/engine.py",
            "from zones.runtime.host import host\nfrom zones.traits import x",
        ),
        ("zones/chronos/store.py", "from zones.chronos import files\nimport Kernel.contract.arena"),
        (
            "zones/world/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy",
        ),
        ("manifest.py", "def run():\n    from Kernel.boot import main"),
        ("tests/zones/world/test_a.py", "import pytest\nfrom zones.world import engine"),
        ("tools/ecology/figures.py", "import altair\nfrom zones.world import colours"),
        ("tools/config_schema.py", "from Kernel.config_keys import KERNEL_KEYS"),
        ("zones/client/home.py", "from zones.runtime.ledger_file import LedgerReader"),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    """A made-up file that keeps the rules gives no fault."""
    assert list(find_faults(Source(path, text))) == []


@pytest.mark.slow
def test_kernel_loads_no_array_library() -> None:
    """Importing every module of the kernel loads neither numpy nor numba nor zone code."""
    modules = [
        source.module
        for source in python_sources()
        if within(source.module, "Kernel") and not source.module.endswith("__main__")
    ]
    assert modules
    script = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(*sorted({'numpy', 'numba', 'zones'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert loaded.stdout.split() == []
