"""What may be asked of a trial, and what may not."""

from pathlib import Path

import pytest

from zones.world.trial.job import BadJob, Job, parse_job

PLAIN = {"zone": "stable", "home": "/somewhere"}


def test_a_job_has_defaults():
    """Zone and home are enough; keys of others are left alone."""
    assert parse_job({**PLAIN, "at_once": 2}) == Job("stable", Path("/somewhere"))


def test_every_field_can_be_told():
    """As JSON has them."""
    told = {
        **PLAIN, "add": True, "trial": False, "ticks": 7, "seeds": 3, "scale": 2,
        "carriers": "newborns", "hashes": ["5" * 64], "unchecked": False,
    }  # fmt: skip
    job = parse_job(told)
    assert (job.add, job.trial, job.ticks, job.seeds, job.scale) == (True, False, 7, 3, 2)
    assert job.hashes == ("5" * 64,) and job.carriers == "newborns"


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": ""},
        {"zone": 7},
        {"home": "here"},
        {"ticks": 0},
        {"ticks": True},
        {"seeds": 1000},
        {"scale": "2"},
        {"carriers": "nobody"},
        {"hashes": ["x"]},
        {"add": 1},
        {"add": True, "unchecked": True},
    ],
)
def test_what_no_job_can_have_is_refused(wrong):
    """With a sentence that says which."""
    with pytest.raises(BadJob, match="cannot"):
        parse_job({**PLAIN, **wrong})
