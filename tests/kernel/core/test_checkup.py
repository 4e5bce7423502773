"""Each check of doctor: what is sound, what limps, what fails, and what mends it."""

from dataclasses import replace

import pytest

from Kernel.core.checkup import (
    CHECKS,
    FREE_DISK_MIN,
    SLOT_BYTES,
    WORLD_BYTES,
    Finding,
    Machine,
    Package,
    Verdict,
    examine,
)

SOUND = Machine(
    python=(3, 11, 7),
    linux=(6, 18),
    packages=(Package("click", "8.2", "8.5.1", "8.5.1"),),
    features={"robust mutex": True, "memfd": True},
    shm_free_bytes=2**30,
    shm_total_bytes=2**31,
    arena_bytes=None,
    world_slots=500,
    config_error="",
    removes_ipc=False,
    home="~/world",
    home_writable=True,
    disk_free_bytes=2**34,
    clock_resolution_ns=1,
    date_s=1.8e9,
    clock_synced=None,
    run_mode=0o700,
    socket_mode=0o600,
    files_max=4096,
    processes_max=-1,
    memlock_bytes=8 * 2**20,
    kernels_compiled=True,
    cgroup_version=2,
    pressure=True,
    lock_holder=0,
    lock_is_kernel=False,
    arena="",
    arena_error="",
    snapshots=0,
    snapshot_age_s=None,
    fallback=True,
    fallback_error="",
)


def finding(what: str, **seen: object) -> Finding:
    """Return one finding about a sound machine with something else."""
    found = examine(replace(SOUND, **seen))
    (one,) = [each for each in found if each.what == what]
    others = [each for each in found if each is not one]
    assert all(each.verdict is Verdict.OK for each in others), "one fault has one finding"
    return one


@pytest.mark.parametrize(
    ("done", "verdict"),
    [(None, "ok"), (5000, "ok"), (3100, "ok"), (2900, "warn"), (19_000, "ok"), (21_000, "warn")],
)
def test_fuel_is_held_to_what_the_machine_does(done, verdict):
    """Far too many steps for a millisecond, or far too few: the parameter to set is named."""
    found = finding("trait fuel", fuel_per_ms=done, world_fuel_per_ms=5000.0)
    assert found.verdict == verdict
    if verdict == "warn":
        assert found.hint == f"molt params fuel_per_ms {done}", "it can be pasted as it is"
        assert "5,000 for one (fuel_per_ms)" in found.limit


def test_a_sound_machine_has_no_finding():
    """All is well: every check says ok, and none has anything to mend."""
    found = examine(SOUND)
    assert [each.verdict for each in found] == [Verdict.OK] * len(CHECKS)
    assert not any(each.hint for each in found)
    assert len({(each.layer, each.what) for each in found}) == len(CHECKS)
    assert all(each.value for each in found)


def test_findings_come_layer_by_layer():
    """What others rest on comes first, and no layer is begun twice."""
    layers = [each.layer for each in examine(SOUND)]
    assert list(dict.fromkeys(layers)) == ["machine", "python", "memory", "home"]
    assert layers == sorted(layers, key=["machine", "python", "memory", "home"].index)


@pytest.mark.parametrize(
    ("what", "seen", "verdict", "said"),
    [
        ("version", {"python": (3, 10, 2)}, "fail", "3.10.2"),
        ("packages", {"packages": (Package("zmq", "27", "27.1", ""),)}, "fail", "missing (>= 27)"),
        ("packages", {"packages": (Package("a", "8.2", "", "8.1.9"),)}, "fail", "8.1.9 (>= 8.2)"),
        ("packages", {"packages": (Package("a", "8.2", "8.3", "8.10"),)}, "warn", "locked 8.3"),
        ("packages", {"packages": (Package("a", "8.2", "", "8.10.0rc1"),)}, "ok", "1 as locked"),
        ("compiled kernels", {"kernels_compiled": False}, "warn", "none"),
        ("system calls", {"features": {"memfd": False, "x": True}}, "fail", "without memfd"),
        ("short time slices", {"linux": (6, 1)}, "warn", "6.1"),
        ("cgroup and pressure", {"cgroup_version": 1}, "warn", "v1"),
        ("cgroup and pressure", {"cgroup_version": None}, "warn", "none"),
        ("cgroup and pressure", {"pressure": False}, "warn", "not readable"),
        ("open files", {"files_max": 256}, "warn", "256"),
        ("open files", {"files_max": -1}, "ok", "unlimited"),
        ("processes", {"processes_max": 64}, "warn", "64"),
        ("locked memory", {"memlock_bytes": -1}, "ok", "unlimited"),
        ("clock", {"clock_resolution_ns": 4_000_000}, "warn", "4000000 ns"),
        ("clock", {"date_s": 1e6}, "warn", "long past"),
        ("/dev/shm", {"shm_free_bytes": None}, "warn", "none that may be written"),
        ("/dev/shm", {"shm_free_bytes": 2**20}, "warn", "1 MB of"),
        ("/dev/shm", {"shm_free_bytes": 2**20, "arena_bytes": 2**24}, "ok", "17 MB of"),
        ("/dev/shm", {"shm_free_bytes": 2**20, "world_slots": None}, "ok", "1 MB of"),
        ("logind", {"removes_ipc": True}, "warn", "logs out"),
        ("logind", {"removes_ipc": None}, "ok", "not here"),
        ("folder", {"home_writable": False}, "fail", "not writable"),
        ("disk", {"disk_free_bytes": FREE_DISK_MIN // 2}, "warn", "128 MB free"),
        ("disk", {"disk_free_bytes": 2**20}, "fail", "1 MB free"),
        ("disk", {"disk_free_bytes": None}, "warn", "unknown"),
        ("configuration", {"config_error": "cannot read x"}, "fail", "cannot read x"),
        ("console", {"run_mode": 0o755}, "fail", "run 755"),
        ("console", {"socket_mode": 0o666}, "fail", "socket 666"),
        ("console", {"run_mode": None, "socket_mode": None}, "ok", "not made yet"),
        ("lock", {"lock_holder": 12, "lock_is_kernel": True}, "ok", "kernel 12"),
        ("lock", {"lock_holder": 12}, "warn", "left over"),
        ("arena", {"arena_error": "cannot use x: damaged"}, "fail", "damaged"),
        ("snapshots", {"arena": "tick 5"}, "warn", "a reboot would lose"),
        ("snapshots", {"snapshots": 3, "snapshot_age_s": 12.0}, "ok", "3, the newest 12 s"),
        ("snapshots", {"snapshots": 3, "snapshot_age_s": 9e4}, "ok", "90,000 s"),
        (
            "snapshots",
            {"snapshots": 3, "snapshot_age_s": 9e4, "lock_is_kernel": True, "lock_holder": 1},
            "warn",
            "90,000 s",
        ),
        ("fallback slot", {"fallback": False}, "warn", "none yet"),
        (
            "fallback slot",
            {"fallback": False, "fallback_error": "cannot use it: engine.py"},
            "fail",
            "engine.py",
        ),
        ("kernel", {"safe_mode": True}, "fail", "safe mode"),
        ("requests", {"refused": {"bus": 3, "console": 0, "scribe": 1}}, "warn", "3 on the bus, 1"),
    ],
)
def test_each_finding(what, seen, verdict, said):
    """Each fault is seen by the one check that is for it, with its value and what mends it."""
    found = finding(what, **seen)
    assert (found.verdict.value, said in found.value) == (verdict, True), found
    assert bool(found.hint) == (found.verdict is not Verdict.OK), "what mends it"


def test_the_hint_names_the_home():
    """What mends the console's modes can be pasted, whatever the home is called."""
    found = finding("console", run_mode=0o777, home="/srv/a b")
    assert found.hint.startswith("chmod 700 '/srv/a b/run' && ")


def test_the_memory_of_a_large_world_is_reckoned():
    """Half a million slots want 200 MB of shared memory, and the hint asks for more than that."""
    found = finding("/dev/shm", world_slots=500_000, shm_free_bytes=100 * 2**20)
    assert found.verdict is Verdict.WARN
    need_mb = (WORLD_BYTES + SLOT_BYTES * 500_000) // 2**20
    assert f"{need_mb + 1} MB" in found.limit or f"{need_mb} MB" in found.limit
    assert "remount,size=" in found.hint
