"""Sizes, names, docstrings, and what must never be in a file of the project.

Each rule is shown twice: the project keeps it, and a made-up file that breaks it is found.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.structure.sources import GENERATED, ROOT, Source, project_files, python_sources

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
# path -> why it is longer
LONG_FILES: dict[str, str] = {}
# path:function -> why it is longer
LONG_FUNCTIONS: dict[str, str] = {}
NAMES_BANNED = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

# Only these touch the wall clock and global random numbers; the rest is handed what it needs.
EFFECTS_ALLOWED = ("Kernel/ports/", "zones/runtime/", "tools/chaos/", "tests/")
# ... and the one file of each service that its zygote loads.
EFFECTS_FILE = re.compile(r"zones/\w+/service\.py")
WALL_CLOCK = {
    "time.time",
    "time.time_ns",
    "time.localtime",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.date.today",
}
RANDOM_GLOBAL = re.compile(r"^(random|numpy\.random|secrets)\.[a-z_]\w*$")
RANDOM_ALLOWED = {"numpy.random.default_rng"}

# Written in pieces, so that this file does not find itself. A path or host of one machine makes a
# lock file, a script or a document useless on every other.
MACHINE = re.compile(
    "|".join(
        (
            r"(?<![\w.$}])/" + r"(?:work|root|home|Users|opt)/\w",
            "py" + r"pi\.org",
            "python" + r"hosted\.",
            r"index-" + "url",
            r"find-" + "links",
            "file:" + "///",
        )
    )
)
# The flags by which `make lock` keeps registry names out have to name them.
MACHINE_ALLOWED = re.compile(r"--no-emit-[a-z-]+")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".lock", ".yaml", ".yml", ".txt", ".json", ".cfg", ""}


def find_size_faults(source: Source) -> Iterator[str]:
    """Yield files and functions that are too long and not on the list."""
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX and source.path not in LONG_FILES:
        yield f"{source.path} has {lines} lines, the limit is {FILE_LINES_MAX}"
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES_MAX and f"{source.path}:{node.name}" not in LONG_FUNCTIONS:
            yield (
                f"{source.path}:{node.lineno} {node.name} has {length} lines, "
                f"the limit is {FUNCTION_LINES_MAX}"
            )


def find_name_faults(source: Source) -> Iterator[str]:
    """Yield modules and packages named for nothing they own."""
    path = PurePosixPath(source.path).with_suffix("")
    for part in path.parts:
        if NAMES_BANNED & set(part.lower().split("_")):
            yield f"{source.path} is named {part!r}: name it for what it owns"


def find_docstring_faults(source: Source) -> Iterator[str]:
    """Yield modules, public classes, functions and tests that do not say what they are for."""
    if source.tree.body and not ast.get_docstring(source.tree):
        yield f"{source.path}:1 has no docstring"
    yield from _undocumented(source, source.tree.body)


def _undocumented(source: Source, body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        is_class = isinstance(node, ast.ClassDef)
        # In tests only the tests must speak; fixtures and fakes are short and have names.
        support = source.path.startswith("tests/") and not node.name.startswith("test_")
        if not ast.get_docstring(node) and not support and not _is_trivial(node):
            yield f"{source.path}:{node.lineno} {node.name} has no docstring"
        if is_class:
            yield from _undocumented(source, node.body)


def _is_trivial(node: ast.stmt) -> bool:
    """Tell overloads and property setters, which their first definition documents."""
    decorators = [ast.unparse(item) for item in getattr(node, "decorator_list", [])]
    return any(name.endswith(("overload", ".setter", "override")) for name in decorators)


def find_machine_faults(path: str, text: str) -> Iterator[str]:
    """Yield the lines of a file that name a place on one machine, or a package registry."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = MACHINE.search(MACHINE_ALLOWED.sub("", line))
        if found:
            yield f"{path}:{number} names {found.group()!r}"


def find_config_faults(path: str, text: str) -> Iterator[str]:
    """Yield the keys with a value that have no comment beside or right above them.

    A key that stands in several sections (two zones, say) is explained where it comes first.
    """
    above = ""
    explained: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        key = re.match(r"\s*(?:- )?([\w.-]+):\s+[^#\s]", line)
        if key and (" #" in line or above.startswith("#")):
            explained.add(key.group(1))
        elif key and key.group(1) not in explained:
            yield f"{path}:{number} key {key.group(1)} has no comment"
        above = line.strip()


def find_effect_faults(source: Source) -> Iterator[str]:
    """Yield calls that read the wall clock or draw from a global random generator."""
    if source.path.startswith(EFFECTS_ALLOWED) or EFFECTS_FILE.fullmatch(source.path):
        return
    names = _imported_as(source.tree)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        first, _, rest = ast.unparse(node).partition(".")
        if first not in names:
            continue
        name = f"{names[first]}.{rest}" if rest else names[first]
        drawn = RANDOM_GLOBAL.match(name) and name not in RANDOM_ALLOWED
        if name in WALL_CLOCK or (drawn and name != "numpy.random"):
            yield f"{source.path}:{node.lineno} uses {name}: take it as an argument"


def _imported_as(tree: ast.Module) -> dict[str, str]:
    """Return local name -> dotted name for everything a file imports."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".", maxsplit=1)[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


RULES = {
    "size": find_size_faults,
    "name": find_name_faults,
    "docstring": find_docstring_faults,
    "effect": find_effect_faults,
}


@pytest.mark.parametrize("rule", RULES)
def test_project_keeps_rule(rule: str) -> None:
    """No Python file of the project breaks the rule."""
    faults = [fault for source in python_sources() for fault in RULES[rule](source)]
    assert not faults, "\n".join(faults)


def test_project_names_no_machine() -> None:
    """No text file of the project names a machine's path or a package registry."""
    faults = []
    for name in project_files():
        if PurePosixPath(name).suffix in TEXT_SUFFIXES:
            text = (ROOT / name).read_text(encoding="utf-8")
            faults += list(find_machine_faults(name, text))
    assert not faults, "\n".join(faults)


def test_config_keys_are_explained() -> None:
    """Each key under config/ has a comment."""
    names = [name for name in project_files() if re.match(r"config/.*\.ya?ml$", name)]
    assert names
    faults = []
    for name in names:
        faults += list(find_config_faults(name, (ROOT / name).read_text(encoding="utf-8")))
    assert not faults, "\n".join(faults)


def test_exceptions_are_still_needed() -> None:
    """A file or function on a list of exceptions is there, is too long, and has a reason."""
    assert all(reason and (ROOT / name).is_file() for name, reason in GENERATED.items())
    sources = {source.path: source for source in python_sources()}
    for name, reason in (LONG_FILES | LONG_FUNCTIONS).items():
        path, _, function = name.partition(":")
        assert reason and path in sources
        if function:
            lengths = [
                (node.end_lineno or 0) - node.lineno + 1
                for node in ast.walk(sources[path].tree)
                if isinstance(node, ast.FunctionDef) and node.name == function
            ]
            assert max(lengths) > FUNCTION_LINES_MAX
        else:
            assert sources[path].text.count("\n") > FILE_LINES_MAX


DOC = '"""Says what it owns."""\n'


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("size", "zones/world/a.py", "x = 1\n" * (FILE_LINES_MAX + 1)),
        ("size", "zones/world/a.py", "def tick():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
        ("name", "zones/world/utils.py", ""),
        ("name", "Kernel/common/clock.py", ""),
        ("name", "Kernel/core/zone_manager.py", ""),
        ("docstring", "Kernel/a.py", "x = 1\n"),
        ("docstring", "Kernel/a.py", DOC + "def tick():\n    pass\n"),
        ("docstring", "Kernel/a.py", DOC + "class Zone:\n    x = 1\n"),
        ("docstring", "Kernel/a.py", DOC + "class Zone:\n    '''Is.'''\n    def run(self): ...\n"),
        ("docstring", "tests/test_a.py", DOC + "def test_tick():\n    pass\n"),
        ("docstring", "tests/test_a.py", DOC + "class TestA:\n    def test_b(self): ...\n"),
        ("effect", "Kernel/core/a.py", "import time\nx = time.time()\n"),
        ("effect", "Kernel/core/a.py", "from time import time_ns as now\nx = now()\n"),
        ("effect", "Kernel/core/a.py", "import time as t\nclock = t.time\n"),
        ("effect", "Kernel/core/a.py", "from datetime import datetime\nx = datetime.now()\n"),
        ("effect", "zones/world/a.py", "import random\nx = random.random()\n"),
        ("effect", "zones/world/a.py", "from random import choice\nx = choice([1])\n"),
        ("effect", "zones/world/a.py", "import numpy as np\nx = np.random.rand(3)\n"),
    ],
)
def test_violation_is_found(rule: str, path: str, text: str) -> None:
    """A made-up file that breaks the rule is found once."""
    assert len(list(RULES[rule](Source(path, text)))) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("size", "zones/world/a.py", "x = 1\n" * FILE_LINES_MAX),
        ("size", "zones/world/a.py", "def tick():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1)),
        ("name", "zones/world/baseline.py", ""),
        ("docstring", "Kernel/__init__.py", ""),
        ("docstring", "Kernel/a.py", DOC + "def _tick():\n    pass\n"),
        ("docstring", "tests/test_a.py", DOC + "class FakeDisk:\n    def save(self): ...\n"),
        ("effect", "Kernel/ports/clock.py", "import time\nx = time.time()\n"),
        ("effect", "Kernel/core/a.py", "import time\nx = time.monotonic_ns()\n"),
        ("effect", "zones/world/a.py", "import random\nx = random.Random(7).random()\n"),
        ("effect", "zones/world/a.py", "import numpy as np\nx = np.random.default_rng(7)\n"),
        ("effect", "zones/world/a.py", "from zones.world import random\nx = random.draw(1)\n"),
    ],
)
def test_what_is_allowed_passes(rule: str, path: str, text: str) -> None:
    """A made-up file that keeps the rule is not found."""
    assert list(RULES[rule](Source(path, text))) == []


@pytest.mark.parametrize(
    "line",
    [
        "/" + "work/main/config",
        "cd /" + "home/ada/molt",
        "--index-" + "url https://example.org/simple",
        "https://files.python" + "hosted.org/packages",
        "source = 'https://py" + "pi.org/simple'",
    ],
)
def test_machine_name_is_found(line: str) -> None:
    """A path of one machine or the name of a registry is found."""
    assert len(list(find_machine_faults("a.toml", f"first\n{line}\n"))) == 1


@pytest.mark.parametrize("line", ["/dev/shm/molt-0-ab", "/proc/1/stat", "./work/x", "$X/work/y"])
def test_ordinary_path_is_no_machine_name(line: str) -> None:
    """Paths that every Linux has, and relative ones, are not found."""
    assert list(find_machine_faults("a.md", line)) == []


def test_bare_config_key_is_found() -> None:
    """A key without a comment beside or above it is found, the others are not."""
    text = "# Seconds.\na: 1\nb: 2  # entities\nc: 3\nzones:\n  b: 4\n"
    assert list(find_config_faults("config/x.yaml", text)) == [
        "config/x.yaml:4 key c has no comment"
    ]
