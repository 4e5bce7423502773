"""What hostile code can reach from a cage: nothing from a sealed one, and the test could fail."""

from functools import cache

import pytest

from tests.cage.__main__ import escaped
from tests.cage.ablation import BARE, Findings, find, users
from tests.cage.plans import SEALED
from tests.cage.primitives import PRIMITIVES
from tests.cage.table import DOCUMENT
from zones.runtime.cage import Layer

pytestmark = pytest.mark.slow
ACTS_MIN = 90
"""So many acts have to be reached without a cage, or the machine shows nothing."""
TELLING = {
    Layer.ENVIRONMENT: "stack-environment",
    Layer.DESCRIPTORS: "read-inherited",
    Layer.RLIMITS: "memory",
    Layer.SECCOMP: "thread",
}
"""What a layer of a sealed process holds alone."""
POORER = {"B": [Layer.NAMESPACES], "C": [Layer.NAMESPACES, Layer.LANDLOCK]}
"""What a machine of each grade refuses."""
SAMPLE_OF_POORER = (
    "read-absolute", "write", "tcp", "unix", "console", "kill", "vm-readv", "fork", "execve",
    "mprotect-exec", "shm-arena-read", "mount", "memory",
)  # fmt: skip


@cache
def sealed(user: str) -> Findings:
    return find(user, [f"profiles={SEALED}"])


@pytest.mark.parametrize("user", users())
def test_nothing_is_reached_from_a_sealed_process(user: str) -> None:
    """Each of the acts is refused, or has no effect, with all layers."""
    findings = sealed(user)
    assert escaped(findings) == []
    tried = [record for record in findings.records if record.profile == SEALED]
    assert len(tried) >= ACTS_MIN


@pytest.mark.parametrize("user", users())
def test_acts_succeed_without_a_cage(user: str) -> None:
    """An act that can never be reached would prove nothing."""
    bare = [record for record in sealed(user).records if record.profile == BARE]
    assert len(bare) == len(PRIMITIVES)
    assert sum(record.reached is True for record in bare) >= ACTS_MIN


def test_a_layer_that_is_missing_is_found() -> None:
    """Left out, each layer that holds something alone lets just that through."""
    names = ",".join(TELLING.values())
    findings = find(users()[-1], [f"profiles={SEALED}", f"only={names}", "layers"])
    for layer, name in TELLING.items():
        reached = {
            record.without: record.reached
            for record in findings.records
            if record.profile == SEALED and record.primitive == name
        }
        assert [left_out for left_out, value in reached.items() if value] == [(layer.value,)]


@pytest.mark.parametrize("grade", POORER)
def test_nothing_is_reached_where_the_machine_gives_less(grade: str) -> None:
    """User namespaces or Landlock refused by the system: an ordinary user is held all the same."""
    refused = ",".join(POORER[grade])
    only = f"only={','.join(SAMPLE_OF_POORER)}"
    findings = find(users()[-1], [f"profiles={SEALED}", only, f"refuse={refused}"])
    assert findings.report["grade"] == grade
    assert escaped(findings) == []
    bare = {record.primitive for record in findings.records if record.profile == BARE}
    assert bare == set(SAMPLE_OF_POORER)


def test_each_act_is_in_the_table() -> None:
    """The document was made from these very acts."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [each.name for each in PRIMITIVES if f"| {each.name} |" not in text] == []
