"""Every line the kernel logs is an event of the table: a misfit is found here, not in a ledger."""

import ast
from collections.abc import Iterator

import pytest

from Kernel.contract.event_words import SENTENCES
from Kernel.contract.kinds import KINDS
from Kernel.core.events import NO_EVENTS
from tests.structure.sources import Source, python_sources

METHODS = ("info", "warning", "error", "note")
PLACING = {"cause", "event_id"}
"""Keywords that place an event among others; they are in no payload."""


def told_events(source: Source) -> Iterator[tuple[int, str, set[str], bool]]:
    """Yield line, kind and keywords of each call that logs, and whether all are written there."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not _logs(node.func):
            continue
        for kind in _kinds(node.args[0]) if node.args else ():
            keys = {each.arg for each in node.keywords if each.arg is not None}
            whole = all(each.arg is not None for each in node.keywords)
            yield node.lineno, kind, keys - PLACING, whole


def _logs(func: ast.expr) -> bool:
    """Tell a call of a log: `log.info`, `self._log.note`, or a name that one of them was given."""
    if isinstance(func, ast.Name):
        return func.id == "tell"
    if not isinstance(func, ast.Attribute) or func.attr not in METHODS:
        return False
    return ast.unparse(func.value).rpartition(".")[2] in ("log", "_log", "recorder")


def _kinds(first: ast.expr) -> Iterator[str]:
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        if "." in first.value:
            yield first.value
    elif isinstance(first, ast.IfExp):
        yield from _kinds(first.body)
        yield from _kinds(first.orelse)


def find_faults(source: Source) -> Iterator[str]:
    """Yield a line for each call that would make a misfit."""
    for line, kind, keys, whole in told_events(source):
        where = f"{source.path}:{line} logs {kind}"
        if kind in NO_EVENTS:
            continue
        if kind not in KINDS:
            yield f"{where}, which is no kind of Kernel/contract/kinds_of_kernel.py"
            continue
        declared = KINDS[kind]
        known = {key.removesuffix("?") for key in declared.payload}
        needed = {key for key in declared.payload if not key.endswith("?")}
        if keys - known and not declared.is_open:
            yield f"{where} with {sorted(keys - known)}, which it does not declare"
        if whole and needed - keys:
            yield f"{where} without {sorted(needed - keys)}"


def test_the_kernel_logs_events_of_the_table() -> None:
    """Each call says a known kind, with keys that it declares, and with all that it needs."""
    ours = [source for source in python_sources() if source.module.startswith("Kernel")]
    faults = [fault for source in ours for fault in find_faults(source)]
    assert not faults, "\n".join(faults)
    told = {kind for source in ours for _, kind, _, _ in told_events(source)}
    assert len(told) > 40 and {"zone.died", "zone.taken_over", "drill.begun"} <= told


def test_every_kind_has_a_sentence() -> None:
    """People read a sentence; NAME=value is for what nobody has thought of."""
    ours = [source for source in python_sources() if source.module.startswith("Kernel")]
    told = {kind for source in ours for _, kind, _, _ in told_events(source)}
    assert (told | KINDS.keys()) - SENTENCES.keys() == set()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("log.info('zone.nosuch', pid=1)", "no kind"),
        ("self._log.warning('zone.killed', pid=1, why='a', mood='b')", "['mood'], which it does"),
        ("self.parts.log.error('zone.killed', pid=1)", "without ['why']"),
        ("tell('zone.killed', cause=b'')", "without ['pid', 'why']"),
        ("log.note('zone.killed' if a else 'zone.odd', **more)", "logs zone.odd, which is no kind"),
    ],
)
def test_misfits_are_found(text: str, fault: str) -> None:
    """The rule can find what it is for."""
    found = list(find_faults(Source("Kernel/made_up.py", text)))
    assert len(found) == 1 and fault in found[0], found
