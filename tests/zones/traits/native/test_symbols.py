"""No machine code is run that calls what nobody has."""

from pathlib import Path

import pytest

from zones.traits import linked
from zones.traits.native import compiling
from zones.traits.native.compiling import NativeTrait, NotCompiled, compile_text, compile_trait
from zones.traits.native.faults import NotNative
from zones.traits.native.symbols import wanted_symbols
from zones.traits.reading import check_source

SOURCE = b"class Calm(Trait):\n    async def execute(self, entity):\n        entity.vx = 1.0\n"
DIVIDES = """
define void @run(ptr %table, i64 %part, i64 %first, i64 %last) {
  %a = zext i64 %first to i128
  %b = zext i64 %last to i128
  %wide = shl i128 %a, 64
  %q = udiv i128 %wide, %b
  %low = trunc i128 %q to i64
  store i64 %low, ptr %table
  ret void
}
"""


def test_names_are_read_from_the_object() -> None:
    """A division of 128 bits is a call of a name that the text does not say."""
    assert wanted_symbols(compile_text(DIVIDES)) == ("__udivti3",)


def test_code_that_asks_for_it_is_neither_kept_nor_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiling refuses such code, and so does loading it."""
    linked.link()
    checked = check_source(SOURCE)
    code = compile_text(DIVIDES)
    with pytest.raises(NotCompiled, match="nobody has __udivti3"):
        NativeTrait(checked, code)
    monkeypatch.setattr(compiling, "compile_text", lambda _: code)
    with pytest.raises(NotNative, match="__udivti3"):
        compile_trait(checked, tmp_path)
    assert not list(tmp_path.iterdir())
