"""Kernels under test without what is no part of most tests: agents, and a word on the machine.

Owns: which settings leave the zone `sandbox` out, and which keep the governor from saying that a
machine is busy on which other tests run. A test about one of them sets it by its own --set, which
comes later and so wins.
"""

from pathlib import Path

OFF = "kernel.zones.sandbox.enabled=false"
ON = "kernel.zones.sandbox.enabled=true"
ON_A_BUSY_MACHINE = (
    "kernel.governor.cpu_wait_percent=100",
    "kernel.governor.memory_pressure_percent=100",
    "kernel.governor.io_pressure_percent=100",
)


def without_agents(home: Path) -> tuple[str, ...]:
    """Return settings for a kernel on a home; none where its own configuration has no agents."""
    own = home / "config"
    if own.is_dir() and "sandbox:" not in (own / "kernel.yaml").read_text(errors="replace"):
        return ()
    return (OFF,)
