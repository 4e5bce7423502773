"""Namespaces: a network, a host name, a root folder of its own, where the OS gives them.

Owns: which are asked for, and the empty root. Does not own: capabilities that come with a user
namespace (`privileges.py` drops them). The caller has one thread.

A pid namespace is not taken: the arena names its writers by pid. No ids are mapped: nothing is
needed there, and who is undumpable could not write the map.
"""

import errno
import os
from collections.abc import Iterable
from typing import Final

from zones.runtime.cages.calling import mount, system_call

_FLAGS: Final = {
    "user": 0x10000000,
    "mount": 0x00020000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
_MS_CLOSED: Final = 1 | 2 | 4 | 8  # read only, no set-id, no devices, no programs
_MS_REC: Final = 1 << 14
_MS_PRIVATE: Final = 1 << 18
_PLACES: Final = (b"/proc", b"/tmp", b"/dev", b"/usr")
"""Folders of which one exists everywhere: the new root is mounted on it for a moment."""
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
    """Change the root to an empty folder that nobody can write; needs a mount namespace.

    By chroot, and not by pivot_root with the old root taken away: that waits until all processors
    have seen it, 8 ms on a busy machine of two cores, where chroot takes 0.09. Who has no
    capabilities (`privileges.py`) and no descriptor of a folder outside cannot leave either.

    Raises:
        OSError: refused.
    """
    # Else what is mounted here would be seen outside, where mounts are shared.
    mount(b"none", b"/", b"", _MS_REC | _MS_PRIVATE, b"")
    place = next(each for each in _PLACES if os.path.isdir(each))
    mount(b"none", place, b"tmpfs", _MS_CLOSED, b"size=4k,nr_inodes=2,mode=555")
    os.chdir(place)
    os.chroot(b".")
