"""Namespaces: a network, a host name, a root folder of its own, where the OS gives them.

Owns: which are asked for, and the empty root. Does not own: capabilities that come with a user
namespace (`privileges.py` drops them). The caller has one thread.

A pid namespace is not taken: the arena names its writers by pid. No ids are mapped: nothing is
needed there, and who is undumpable could not write the map.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable
from typing import Final

from zones.runtime.cages.calling import system_call

_FLAGS: Final = {
    "user": 0x10000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
_PLACES: Final = ("/dev/shm", "/tmp")
"""Where everybody may make a folder; the empty root exists in one of them for a moment."""
_REFUSED: Final = (errno.EPERM, errno.ENOSPC, errno.EUSERS, errno.EACCES)


def separate(names: Iterable[str]) -> None:
    """Leave the namespaces of the others.

    Where user namespaces are refused, as a sysctl or AppArmor may, an administrator gets the
    others all the same.

    Raises:
        OSError: refused.
    """
    flags = 0
    for name in names:
        flags |= _FLAGS[name]
    try:
        system_call("unshare", flags)
    except OSError as error:
        others = flags & ~_FLAGS["user"]
        if error.errno not in _REFUSED or others in (0, flags):
            raise
        system_call("unshare", others)


def empty_root() -> None:
    """Change the root to a folder that is removed: nothing is in it and nothing can be made.

    So no mount namespace is needed, whose end alone takes a processor milliseconds. Who has no
    capabilities (`privileges.py`) and no descriptor of a folder outside cannot leave.

    Raises:
        OSError: refused, or there is no place where a folder could be made.
    """
    place = _make_folder()
    os.chdir(place)
    os.rmdir(place)
    os.chroot(b".")


def _make_folder() -> str:
    """Return a new folder, in the first place that takes one: it may be full."""
    for place in _PLACES:
        with contextlib.suppress(OSError):
            # Named by chance: others may make theirs at the same moment.
            return tempfile.mkdtemp(prefix="molt-root-", dir=place)
    raise OSError(errno.EACCES, f"cannot make a folder in {' or '.join(_PLACES)}")
