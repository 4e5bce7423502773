"""What a machine has is tried: a machine with less is simulated, and gets its grade."""

import errno
import json
import time

import pytest

from Kernel.contract.codec import pack, unpack
from tests.support.caged import USERS, refuse_calls, run
from zones.runtime.cages import probing
from zones.runtime.cages.plans import Layer
from zones.runtime.cages.probing import Report, Tried, missing_in, probe
from zones.runtime.cages.profiles import PROFILES

WHOLE = probe()
SYSTEM = {"unshare": errno.EPERM}
LANDLOCK = {"landlock_create_ruleset": errno.ENOSYS}
SECCOMP = {"seccomp": errno.EINVAL}
needs_all = pytest.mark.skipif(WHOLE.grade != "A", reason="this machine lacks a layer already")


def report_of(*missing: Layer) -> Report:
    """Return a report of a machine without some layers."""
    tried = tuple(Tried(layer, layer not in missing, "gone") for layer in Layer)
    return Report("x86_64", "6.1", 7, tried, 0.01)


@pytest.mark.parametrize(
    ("missing", "grade"),
    [
        ((), "A"),
        ((Layer.NAMESPACES,), "B"),
        ((Layer.ENVIRONMENT,), "B"),
        ((Layer.LANDLOCK,), "C"),
        ((Layer.LANDLOCK, Layer.NAMESPACES), "C"),
        ((Layer.SECCOMP,), "D"),
        ((Layer.PRIVILEGES,), "D"),
        (tuple(Layer), "D"),
    ],
)
def test_the_worst_layer_decides_the_grade(missing, grade):
    """D wherever calls are not held, whatever else there is."""
    report = report_of(*missing)
    assert report.grade == grade
    assert report.missing == set(missing)


def test_a_report_travels_as_plain_data():
    """Through MessagePack and JSON, and back to the layers that are missing."""
    fields = report_of(Layer.LANDLOCK).fields()
    assert unpack(pack(fields)) == fields == json.loads(json.dumps(fields))
    assert missing_in(fields) == {Layer.LANDLOCK}
    assert fields["grade"] == "C" and fields["means"].startswith("no Landlock")
    assert fields["not_held"]["archive"], "bus zones hold less, and say so"
    assert fields["not_held"]["sealed"] == []


def test_what_is_not_held_is_told_of_this_machine():
    """Files only where Landlock is missing, ports only where it is too old for them."""
    missing, whole = (report_of(*gone).fields()["not_held"] for gone in ((Layer.LANDLOCK,), ()))
    files = "files of this user can be read and written"
    assert missing["compile"] == [files] and whole["compile"] == []
    assert files in missing["archive"] and files not in whole["archive"]
    ports = "TCP is not held by port either"
    assert ports in PROFILES["gateway"].gaps(3) and ports not in PROFILES["gateway"].gaps(4)


@needs_all
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize(
    ("refused", "grade", "missing"),
    [
        ({}, "A", set()),
        (SYSTEM, "B", {Layer.NAMESPACES}),
        ({"unshare": errno.ENOSPC}, "B", {Layer.NAMESPACES}),
        ({"chroot": errno.EPERM}, "B", {Layer.NAMESPACES}),  # as AppArmor refuses it
        (LANDLOCK, "C", {Layer.LANDLOCK}),
        ({"landlock_create_ruleset": errno.EOPNOTSUPP}, "C", {Layer.LANDLOCK}),
        (LANDLOCK | SYSTEM, "C", {Layer.LANDLOCK, Layer.NAMESPACES}),
        (SECCOMP, "D", {Layer.SECCOMP}),
        ({"capset": errno.EPERM}, "D", {Layer.PRIVILEGES}),
    ],
)
def test_a_machine_with_less_has_a_lower_grade(refused, grade, missing, user):
    """Calls are refused to the prober as on such a machine."""

    def inside() -> str:
        if refused:
            refuse_calls(refused)
        return json.dumps(probe().fields())

    fields = json.loads(run(inside, user).said)
    assert (fields["grade"], missing_in(fields)) == (grade, missing), fields["layers"]
    for each in fields["layers"]:
        assert each["held"] == (not each["why"])


@needs_all
def test_a_layer_that_does_nothing_is_found_out(monkeypatch):
    """Applied without an error is not yet held: each is tested, and the canary must be caught."""
    for name in ("forget_environment", "keep_descriptors", "set_limits", "restrict_files"):
        monkeypatch.setattr(probing.layers, name, lambda plan: None)
    monkeypatch.setattr(probing.layers, "filter_calls", lambda plan: None)
    monkeypatch.setattr(probing.layers, "drop_capabilities", lambda plan: None)
    monkeypatch.setattr(probing.layers, "renounce", lambda plan: None)
    monkeypatch.setattr(probing.namespaces, "empty_root", lambda: None)
    assert probe().missing == set(Layer)


def test_a_trial_that_hangs_or_dies_is_a_layer_that_does_not_hold(monkeypatch):
    """The prober waits no longer than it said, and leaves nobody behind."""
    trials = dict.fromkeys(Layer, lambda writer: time.sleep(60) or "")
    trials[Layer.RLIMITS] = lambda writer: 1 // 0
    monkeypatch.setattr(probing, "_TRIALS", trials)
    monkeypatch.setattr(probing, "WALL_S", 0.1)
    report = probe()
    assert report.missing == set(Layer)
    tried = {each.layer: each.why for each in report.layers}
    assert "ZeroDivisionError" in tried[Layer.RLIMITS]
    assert "signal 9" in tried[Layer.LANDLOCK]


def test_it_is_asked_once_in_a_process(monkeypatch):
    """Whoever forks many children asks the machine no more."""
    first = probing.machine_report()
    monkeypatch.setattr(probing, "probe", lambda: pytest.fail("asked again"))
    assert probing.machine_report() is first
