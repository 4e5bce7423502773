"""Module versions as people read of them."""

import io

from Kernel.console.render import show
from Kernel.console.render_update import update_facts


def shown(command: str, result: dict) -> str:
    out = io.StringIO()
    show(command, result, out)
    return out.getvalue()


def test_a_commit() -> None:
    """Which version, and until when it is watched; or that its guard was over meanwhile."""
    text = shown("update commit", {"candidate": "1.1 (3f2a)", "until_tick": 188_000})
    assert "all zones run version 1.1 (3f2a); it is under guard until tick" in text
    assert "hint: molt update status" in text
    kept = shown("update commit", {"candidate": None, "active": "1.1 (3f2a)"})
    assert "all zones run version 1.1 (3f2a); it is kept" in kept


def test_a_rollback() -> None:
    """What went, and what serves."""
    text = shown("update rollback", {"taken_back": "1.1 (3f2a)", "serves": "the factory version"})
    assert text == "○ taken back  1.1 (3f2a); the factory version serves\n"


def test_a_line_of_status_only_while_one_is_on_its_way() -> None:
    """Nothing to see is no line; a second attempt is told."""
    assert (
        update_facts({"stage": None}) == update_facts({"stage": "probed"}) == update_facts({}) == []
    )
    one = {"stage": "guard", "candidate": "1.1 (3f2a)", "attempts": 1}
    assert update_facts(one) == ["module version 1.1 (3f2a)"]
    assert update_facts(one | {"attempts": 2}) == ["module version 1.1 (3f2a), attempt 2"]
