"""Where the arenas of a home lie."""

import os
import shutil

from Kernel.contract.places import SHARED_MEMORY, arena_places
from Kernel.ports.arena_file import arena_folders


def test_looking_makes_nothing(tmp_path):
    """To ask where arenas lie makes neither the folders nor the home."""
    home = tmp_path / "home"
    in_memory, in_data = arena_places(home, 7)
    assert in_memory.parent == SHARED_MEMORY and in_memory.name.startswith("molt-7-")
    assert in_data == home / "data" / "arenas"
    assert not in_memory.exists() and not home.exists()


def test_homes_and_users_have_places_of_their_own(tmp_path):
    """Another home or another user never has the same folder in shared memory."""
    places = {arena_places(tmp_path / name, user)[0] for name in "ab" for user in (0, 1)}
    assert len(places) == 4


def test_every_way_to_a_home_leads_to_the_same_place(tmp_path):
    """A link to a home and a path with dots give the folder of the home itself."""
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    ways = (tmp_path / "home", tmp_path / "link", tmp_path / "x" / ".." / "home")
    assert len({arena_places(way, 0)[0] for way in ways}) == 1


def test_the_kernel_makes_just_these(home):
    """The folders the kernel makes are the places a reader looks at, in the same order."""
    places = list(arena_places(home, os.getuid()))
    if not os.access(SHARED_MEMORY, os.W_OK):
        places = places[1:]
    assert arena_folders(home) == places
    shutil.rmtree(places[0])
