"""Whether the machine's limits let a kernel run at all, checked before anything is made.

Owns: the descriptors a kernel needs. Does not own: what `molt doctor` thinks of the limits
(`Kernel/core/checkup.py`), running short later, which every part outlives.
"""

import os
import resource
from typing import Final

from Kernel.contract.errors import ConfigError

DESCRIPTORS_MIN: Final = 64
"""Free ones at the start. The three zones of `config/` take 50; without 6 libzmq aborts."""


def check_descriptors() -> None:
    """Refuse a start with too few descriptors: libzmq would end the process by SIGABRT.

    Raises:
        ConfigError: too few are free.
        OSError: none is.
    """
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(os.listdir("/proc/self/fd")) - 1  # without the one that looks
    if limit != resource.RLIM_INFINITY and limit - held < DESCRIPTORS_MIN:
        raise ConfigError(
            f"cannot start: {held} files are open of the {limit} that may be, "
            f"a kernel needs {DESCRIPTORS_MIN} more",
            "ulimit -n 1024",
        )
