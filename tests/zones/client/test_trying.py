"""Trying a trait from Python: what is sent, and the verdict as an object."""

from base64 import b64decode
from pathlib import Path

import pytest

from Kernel.contract.errors import NoKernel, Refused, UsageError
from Kernel.contract.trial_effect import Effect
from tests.kernel.console.fake_kernel import VERDICT, FakeKernel
from zones import client
from zones.client.trying import parse_result, try_trait

SOURCE = "class Forager(Trait):\n    pass\n"


class TestAsking:
    def test_a_source_or_a_path(self, tmp_path):
        """Bytes and texts go as they are, a path is read; what was not said is the kernel's."""
        path = tmp_path / "forager.py"
        path.write_text(SOURCE)
        with FakeKernel(tmp_path) as kernel:
            for trait in (SOURCE, SOURCE.encode(), path, str(path)):
                assert try_trait(tmp_path, trait)
            result = try_trait(tmp_path, path, ticks=7, seeds=2, scale=3)
        assert {b64decode(each.args["source"]).decode() for each in kernel.asked} == {SOURCE}
        first, last = kernel.asked[0].args, kernel.asked[-1].args
        assert (first["ticks"], first.get("seeds"), first["scale"]) == (1000, None, 1)
        assert (last["ticks"], last["seeds"], last["scale"]) == (7, 2, 3)
        assert result.file == str(path) and result.fields["file"] == str(path)

    def test_what_cannot_be_asked(self, tmp_path):
        """No file, no kernel, a number out of its bounds."""
        with pytest.raises(UsageError, match="cannot try nothing: No such file"):
            try_trait(tmp_path, "nothing")
        with pytest.raises(NoKernel):
            try_trait(tmp_path, SOURCE)
        with FakeKernel(tmp_path), pytest.raises(UsageError, match="seeds is 99"):
            try_trait(tmp_path, SOURCE, seeds=99)


class TestVerdict:
    def test_accepted(self):
        """True, with its figures; effects go by metric."""
        result = parse_result(VERDICT | {"new": 1}, "f.py")
        assert result and (result.name, result.tier, result.ticks) == ("Forager", "native", 1000)
        assert result.effect["population"] == Effect("population", 31.5, 12.0, 51.0, 4)
        assert result.effect["population"].clear == "more"
        assert not result.effect["mean energy"].clear
        assert result.faults["bad value"] == 3 and result.fields["new"] == 1

    def test_refused(self):
        """False, with rule, line, reason and station."""
        told = {"accepted": False, "hash": "0" * 64, "rule": "names", "line": 3, "reason": "no"}
        result = parse_result(told | {"stage": "validation"})
        assert not result and (result.rule, result.line, result.stage) == ("names", 3, "validation")
        assert result.effect == {} and result.invariants == ()

    def test_one_pair_is_never_clear(self):
        """There is no interval to leave zero out."""
        assert not Effect("births", 5.0, None, None, 1).clear


def test_what_is_raised_can_be_imported_from_the_package():
    """A program names it without knowing where the kernel keeps it."""
    assert client.NoKernel is NoKernel and client.Refused is Refused
    with pytest.raises(client.UsageError, match=r"nowhere\.py"):
        try_trait(Path(), "nowhere.py")
