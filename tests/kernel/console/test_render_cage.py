"""`molt doctor cage` for people: what holds, what does not and why, what each zone takes."""

import io

from Kernel.console.paint import Page
from Kernel.console.render import show
from Kernel.console.render_cage import show_cage
from zones.runtime.cages.profiles import PROFILES

LIMITS = {"memory_mb": 512, "cpu_percent": 0, "processes": 9, "descriptors": 40, "file_mb": 0}
ANSWER = {
    "grade": "B",
    "means": "no namespaces",
    "layers": [
        {"layer": "namespaces", "held": False, "why": "Operation not permitted", "detail": ""},
        {"layer": "seccomp", "held": True, "why": "", "detail": "ABI 7"},
    ],
    "applied": {"sealed": ["namespaces", "seccomp"], "archive": ["seccomp"]},
    "not_held": {"sealed": [], "archive": ["TCP by port only"], "gateway": ["much"]},
    "groups": {
        "version": 1,
        "folders": ["/x"],
        "missing": [{"what": "cpu", "why": "it cannot be written", "hint": "systemd-run"}],
    },
    "zones": [
        {
            "name": "stable",
            "cage": "sealed",
            "limits": LIMITS,
            "used": {"memory_mb": 101.7, "cpu_percent": 12.0, "processes": 5, "descriptors": 20},
            "grouped": 2,
            "processes": 2,
        },
        {"name": "archive", "cage": "archive", "limits": LIMITS, "used": {}, "grouped": 0},
        {"name": "scout", "cage": "none", "limits": {}, "used": {}},
    ],
}


def shown(**other: object) -> list[str]:
    """Return the lines that are shown, each with single blanks."""
    stream = io.StringIO()
    show("doctor cage", ANSWER | other, stream)
    return [" ".join(line.split()) for line in stream.getvalue().splitlines()]


def test_each_layer_says_whom_it_holds_and_why_not():
    """A mark for each profile: holds, missing here, not used; beside it the version or the why."""
    lines = shown()
    assert lines[0] == "● ok grade B: no namespaces"
    assert "layer sealed archive" in lines
    assert "namespaces ✕ ·" in lines and "seccomp ● ●" in lines
    assert "✕ namespaces: Operation not permitted" in lines and "● seccomp: ABI 7" in lines


def test_it_fits_a_terminal_of_80_columns():
    """With every profile there is, and large figures, nothing is cut or broken into letters."""
    layers = ["environment", "descriptors", "privileges", "namespaces", "landlock", "seccomp"]
    used = {"memory_mb": 5107.7, "cpu_percent": 112.0, "processes": 25, "descriptors": 220}
    zone = {
        "name": "federation", "cage": "gateway", "used": used, "grouped": 12, "processes": 12,
        "limits": {"memory_mb": 6144, "cpu_percent": 200, "processes": 64, "descriptors": 1024},
    }  # fmt: skip
    answer = ANSWER | {
        "layers": [{"layer": name, "held": True, "detail": "word " * 20} for name in layers],
        "applied": {name: layers for name in PROFILES},
        "zones": [zone, *ANSWER["zones"]],
    }
    page = Page(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    show_cage(answer, page)
    lines = page.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80 and not any("…" in line for line in lines)
    assert " ".join(["layer", *PROFILES]) in [" ".join(line.split()) for line in lines]
    assert "federation gateway 5108 / 6144 112 / 200 25 / 64 220 / 1024 ∞ 12 of 12" in [
        " ".join(line.split()) for line in lines
    ]


def test_what_no_layer_holds_is_told_of_profiles_in_use():
    """Not held where it is not; profiles that no zone has are of no interest."""
    lines = shown()
    assert "▲ archive: not held: TCP by port only" in lines
    assert "▲ in no cage: scout" in lines and not any("gateway" in line for line in lines)


def test_limits_are_shown_beside_what_is_taken():
    """Used and limit, no limit as such, what is not known as missing; who is in the groups."""
    lines = shown()
    assert "stable sealed 102 / 512 12 / ∞ 5 / 9 20 / 40 ∞ 2 of 2" in lines
    assert any(line.startswith("scout none – / ∞") for line in lines)
    assert "● control groups of version 1" in lines
    assert "▲ no control group holds cpu: it cannot be written" in lines
    assert "hint: systemd-run" in lines


def test_the_pool_is_shown_with_what_is_given_away():
    """More may be than there is; a machine that tells nothing has no line."""
    pool = {"cores": [0, 1], "memory_mb": 7000, "memory_given_mb": 12288, "descriptors": 1024}
    line = "zones share 7000 MB and 2 cores; their limits come to 12288 MB."
    assert line in shown(pool=pool)
    assert line.replace("2 cores", "1 core") in shown(pool=pool | {"cores": [3]})
    for nothing in ({}, pool | {"memory_mb": None}, pool | {"cores": 2}):
        assert not any(each.startswith("zones share") for each in shown(pool=nothing))


def test_grade_d_and_a_world_that_is_not_ready():
    """The worst grade is marked as one; without a report there is no table, and the limits are."""
    assert shown(grade="D")[0].startswith("✕ fail grade D")
    lines = shown(grade="-", means="nobody has told", layers=[], applied={}, not_held={})
    assert lines[0] == "▲ starting grade -: nobody has told"
    assert not any(line.startswith("layer") for line in lines)
    assert any(line.startswith("stable sealed") for line in lines)
