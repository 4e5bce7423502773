"""A made-up checkout of a few files, enough for a slot to be filled from."""

from pathlib import Path

FILES = {
    "Kernel/__init__.py": "",
    "Kernel/boot.py": "not for a slot\n",
    "Kernel/contract/__init__.py": "",
    "Kernel/contract/arena.py": "MAGIC = 1\nVERSION = 3\n",
    "zones/__init__.py": "",
    "zones/world/__init__.py": "",
    "zones/world/engine.py": "TICK = 1\n",
    "zones/world/__pycache__/engine.pyc": "bytecode\n",
    "zones/world/gone.pyc": "bytecode without a source\n",
}
IN_SLOT = [path for path in FILES if path != "Kernel/boot.py" and ".pyc" not in path]


def make_checkout(root: Path) -> Path:
    """Write the files below `root` and return it."""
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root
