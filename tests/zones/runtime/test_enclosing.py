"""From the words of a Fork to a cage: which profile, what it reaches, what it runs."""

import os
from pathlib import Path

import pytest

from zones.runtime.cage import CageLimits, Layer
from zones.runtime.enclosing import (
    NO_CAGE,
    SEALED,
    SEALED_FILE_BYTES,
    Ground,
    Reach,
    join_groups,
    open_descriptors,
    plan_for,
    reach_of_code,
    reach_of_home,
    runs_generated_code,
)

NO_FILTER = frozenset({Layer.SECCOMP})


def test_the_kernel_names_the_profile_else_the_role_does():
    """`cage` of the facts counts, `none` means none."""
    ground = Ground()
    assert plan_for({}, NO_CAGE, ground, ()) is None
    assert plan_for({"cage": "none"}, SEALED, ground, ()) is None
    for facts, profile in (({}, SEALED), ({"cage": "archive"}, "archive")):
        plan = plan_for(facts, SEALED, ground, ())
        assert plan is not None and plan.profile == profile


def test_limits_descriptors_and_layers_of_a_plan():
    """Limits as the kernel sends them, what all inherit and what it needs, what is missing."""
    limits = {"memory_bytes": None, "cpu_s": None, "processes": None, "descriptors": 64,
              "file_bytes": 1 << 20}  # fmt: skip
    ground = Ground(frozenset({Layer.LANDLOCK}), frozenset({0, 1, 2, 5}))
    plan = plan_for({"limits": limits}, SEALED, ground, (9, 11))
    assert plan is not None
    assert plan.limits == CageLimits(**limits)
    assert (plan.keep, plan.without) == ({0, 1, 2, 5, 9, 11}, {Layer.LANDLOCK})


def test_paths_that_are_not_there_are_left_out(tmp_path: Path):
    """A rule needs a path that exists; of two reaches both count."""
    own = Reach(write=(str(tmp_path), str(tmp_path / "none")), connect=(4318,))
    reach = reach_of_code().joined(own)
    plan = plan_for({}, "archive", Ground(), (), reach)
    assert plan is not None
    assert str(tmp_path) in plan.write and str(tmp_path / "none") not in plan.write
    assert plan.connect == (4318,) and os.getcwd() in plan.read


def test_the_folders_of_a_home_are_made(tmp_path: Path):
    """A folder that is made after it is enclosed could not be reached."""
    reach = reach_of_home(tmp_path)
    for name in ("data", "log", "run"):
        assert (tmp_path / name).is_dir() and str(tmp_path / name) in reach.write
    assert str(tmp_path) not in reach.write
    assert not (tmp_path / "mutations").exists()
    reach = reach_of_home(tmp_path, ["mutations"])
    assert (tmp_path / "mutations").is_dir() and str(tmp_path / "mutations") in reach.write


@pytest.mark.parametrize(
    ("facts", "missing", "runs"),
    [
        ({}, frozenset(), True),
        ({}, NO_FILTER, False),
        ({"uncaged": True}, NO_FILTER, True),
        ({"cage": NO_CAGE}, frozenset(), False),
        ({"cage": NO_CAGE, "uncaged": True}, frozenset(), True),
        ({"cage": "archive"}, frozenset(), False),
    ],
)
def test_generated_code_runs_sealed_or_by_the_operators_word(facts, missing, runs):
    """Without a filter of calls it is not even loaded, unless `kernel.uncaged` says so."""
    plan = plan_for(facts, SEALED, Ground(missing), ())
    assert runs_generated_code(plan, facts) is runs


def test_a_process_enters_its_groups_once(tmp_path: Path):
    """Each group is told "0", which means who writes; the descriptors are gone afterwards."""
    files = [tmp_path / "memory", tmp_path / "cpu"]
    opened = [os.open(file, os.O_WRONLY | os.O_CREAT) for file in files]
    before = open_descriptors()
    descriptors = {"arena": 77, "cgroup.0": opened[0], "cgroup.1": opened[1]}
    join_groups(descriptors)
    assert descriptors == {"arena": 77}
    assert [file.read_bytes() for file in files] == [b"0", b"0"]
    assert before - open_descriptors() == set(opened)


def test_a_sealed_process_can_fill_no_file():
    """It is given some that are open; how much they take is limited where nobody says it."""
    sealed, other = (plan_for({"cage": cage}, SEALED, Ground(), ()) for cage in (SEALED, "archive"))
    assert sealed is not None and sealed.limits.file_bytes == SEALED_FILE_BYTES
    assert other is not None and other.limits.file_bytes is None
