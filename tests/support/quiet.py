"""Kernels under test without agents: what they change is no part of most tests.

Owns: which settings leave the zone `sandbox` out. A test about evolution turns it on by its own
--set, which comes later and so wins.
"""

from pathlib import Path

OFF = "kernel.zones.sandbox.enabled=false"
ON = "kernel.zones.sandbox.enabled=true"


def without_agents(home: Path) -> tuple[str, ...]:
    """Return settings for a kernel on a home; none where its own configuration has no agents."""
    own = home / "config"
    if own.is_dir() and "sandbox:" not in (own / "kernel.yaml").read_text(errors="replace"):
        return ()
    return (OFF,)
