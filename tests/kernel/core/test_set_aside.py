"""Files that are set aside: numbered, the newest few and the farthest world kept."""

from pathlib import Path

from Kernel.contract.arena import MAGIC, Header
from Kernel.ports.arena_file import set_aside


def test_the_farthest_arena_is_never_let_go(folders: list[Path]) -> None:
    """One fault after the other sets aside fresh arenas; the world that was there stays."""
    path = folders[0] / "stable.arena"
    header = bytearray(4096)
    header[Header.MAGIC : Header.MAGIC + 8] = MAGIC.to_bytes(8, "little")
    header[Header.COMMIT : Header.COMMIT + 8] = (184_320).to_bytes(8, "little")
    path.write_bytes(header)
    world = set_aside(path)
    for _ in range(20):
        path.write_bytes(bytes(4096))
        set_aside(path)
    assert world.exists() and len(list(folders[0].iterdir())) == 6
    for _ in range(20):  # as far as the first, again and again: one of them is enough
        path.write_bytes(header)
        set_aside(path)
    assert world.exists() and len(list(folders[0].iterdir())) == 6


def test_one_slip_costs_only_the_newest_few(folders: list[Path]) -> None:
    """Set-aside files are numbered; only the oldest beyond five go."""
    path = folders[0] / "stable.arena"
    for number in range(7):
        path.write_text(str(number))
        set_aside(path)
    kept = sorted(each.read_text() for each in folders[0].iterdir())
    assert kept == ["2", "3", "4", "5", "6"]
