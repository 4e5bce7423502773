"""Hostile sources that are better told than kept as files: bytes, and bombs for parsers.

Owns: the table. Does not own: the corpus of files (`tests/corpus/hostile`).
"""

from typing import Final

TRAIT: Final = b"class A(Trait):\n    async def execute(self, entity):\n        "

BYTES: Final[dict[str, bytes]] = {
    "empty": b"",
    "blank": b"\n \n",
    "nul": TRAIT + b"x = 1\0\n",
    "nul in a string": TRAIT + b"x = 'a\0b'\n",
    "nul after the end": TRAIT + b"pass\n" + b"\0" * 100,
    "utf-8 mark": b"\xef\xbb\xbf" + TRAIT + b"pass\n",
    "utf-16": b"\xff\xfe" + (TRAIT + b"pass\n").decode().encode("utf-16-le"),
    "utf-32": (TRAIT + b"pass\n").decode().encode("utf-32"),
    "utf-7 cookie": b"# -*- coding: utf-7 -*-\n" + TRAIT + b"pass\n#+AAo-import os\n",
    "latin-1 cookie": b"# coding: latin-1\n" + TRAIT + b"x = '\xe9'\n",
    "cookie in line 2": b"#!/usr/bin/python\n# vim: set fileencoding=rot13 :\n" + TRAIT + b"pass\n",
    "unicode_escape cookie": b"# coding=unicode_escape\n" + TRAIT + b"pass #\\nimport os\n",
    "overlong": TRAIT + b"x = '\xc0\xaf'\n",
    "surrogate": TRAIT + b"x = '\xed\xb0\x80'\n",
    "beyond unicode": TRAIT + b"x = '\xf5\x80\x80\x80'\n",
    "cut short": TRAIT + b"x = '\xe2\x82",
    "bidi override": TRAIT + "x = 'user\u202e \u2066# admin\u2069 \u2066'\n".encode(),
    "bidi in a comment": TRAIT + "pass  # \u2067 safe\n".encode(),
    "right-to-left mark": TRAIT + "x\u200f = 1\n".encode(),
    "zero width": TRAIT + "entity\u200b.x = 1\n".encode(),
    "zero width joiner": TRAIT + "ev\u200dal('1')\n".encode(),
    "soft hyphen": TRAIT + "x = 'a\u00ad'\n".encode(),
    "tag letters": TRAIT + "pass  # \U000e0065\U000e0076\n".encode(),
    "line separator": TRAIT + "pass  # a\u2028import os\n".encode(),
    "next line": TRAIT + "pass  # a\u0085import os\n".encode(),
    "lone return": TRAIT + b"pass  # a\rimport os\n",
    "form feed": b"\x0c" + TRAIT + b"pass\n",
    "escape sequences": TRAIT + b"pass  # \x1b[2K\x1b]0;x\x07\n",
    "backspace": TRAIT + b"pass  # eval\b\b\b\b\n",
    "large": TRAIT + b"pass\n#" + b"x" * 40_000,
    "many lines": TRAIT + b"pass\n" * 2_000,
    "zeros": bytes(20_000),
    "ones": b"\xff" * 20_000,
    "archive": b"PK\x03\x04" + bytes(64),
    "compiled": b"\xa7\r\r\n" + bytes(64),
}
BOMBS: Final[dict[str, bytes]] = {
    "brackets": TRAIT + b"x = " + b"(" * 5_000 + b")" * 5_000,
    "brackets unclosed": TRAIT + b"x = " + b"[" * 5_000,
    "braces": TRAIT + b"x = " + b"{" * 5_000 + b"}" * 5_000,
    "braces with keys": TRAIT + b"x = " + b"{a:" * 38,
    "braces with keys, deep": TRAIT + b"x = " + b"{a:" * 5_000,
    "calls unclosed": TRAIT + b"x = " + b"f(a=" * 38,
    "lambdas unclosed": TRAIT + b"x = " + b"(lambda x=" * 38,
    "fors unclosed": TRAIT + b"x = " + b"[a for a in " * 38,
    "wrong brackets": TRAIT + b"x = " + b"([{" * 12 + b")]}",
    "stars": TRAIT + b"x = [" + b"*" * 5_000 + b"a]",
    "minus": TRAIT + b"x = " + b"-" * 20_000 + b"1",
    "plus": TRAIT + b"x = 1" + b"+1" * 10_000,
    "minus apart": TRAIT + b"x = " + b"- " * 10_000 + b"1",
    "tilde": TRAIT + b"x = " + b"~" * 20_000 + b"1",
    "nots": TRAIT + b"x = " + b"not " * 6_000 + b"1",
    "awaits": TRAIT + b"x = " + b"await " * 5_000 + b"1",
    "powers": TRAIT + b"x = 1" + b"**1" * 5_000,
    "attributes": TRAIT + b"x = a" + b".a" * 10_000,
    "calls": TRAIT + b"x = a" + b"()" * 10_000,
    "subscripts": TRAIT + b"x = a" + b"[0]" * 8_000,
    "ands and ors": TRAIT + b"x = 1" + b" and 1 or 1" * 2_500,
    "comparisons": TRAIT + b"x = 1" + b"<1" * 10_000,
    "commas": TRAIT + b"x = " + b"1," * 15_000,
    "assignments": TRAIT + b"x = " + b"x = " * 7_000 + b"1",
    "semicolons": TRAIT + b"x;" * 15_000,
    "ternaries": TRAIT + b"x = 1" + b" if 1 else 1" * 2_500,
    "ternaries compared": TRAIT + b"x = 1" + b" if 1 < 2 else 1" * 1_800,
    "lambdas": TRAIT + b"x = " + b"lambda:" * 4_500 + b"1",
    "lambdas with arguments": TRAIT + b"x = " + b"lambda a:" * 3_000 + b"1",
    "elifs": TRAIT + b"if 1: pass\n" + b"        elif 1: pass\n" * 900,
    "else ifs": TRAIT + b"pass\n" + b"".join(b" " * each + b"if 1:\n" for each in range(8, 200)),
    "blocks": b"".join(b" " * each + b"class A:\n" for each in range(200)) + b" " * 200 + b"pass",
    "tabs": b"".join(b"\t" * each + b"class A:\n" for each in range(200)) + b"\t" * 200 + b"pass",
    "decorators": b"@a\n" * 900 + TRAIT + b"pass",
    "decimal": TRAIT + b"x = " + b"9" * 20_000,
    "decimals": TRAIT + b"x = [" + (b"9" * 4_000 + b",") * 6 + b"]",
    "hexadecimal": TRAIT + b"x = 0x" + b"f" * 20_000,
    "underscored": TRAIT + b"x = 1" + b"_1" * 10_000,
    "exponent": TRAIT + b"x = 1e" + b"9" * 5_000,
    "long name": TRAIT + b"x" * 30_000 + b" = 1\n",
    "long attribute": TRAIT + b"entity." + b"x" * 30_000,
    "f-string braces": TRAIT + b"x = f'" + b"{" * 5_001 + b"'",
    "f-string nested": TRAIT + b"x = f'{" * 1_000,
    "f-string brackets": TRAIT + b"x = f'{" + b"(" * 150 + b"1" + b")" * 150 + b"}'",
    "f-string minus": TRAIT + b"x = f'{" + b"-" * 5_000 + b"1}'",
    "f-string attributes": TRAIT + b"x = f'{a" + b".a" * 5_000 + b"}'",
    "f-string specs": TRAIT + b"x = f'{1:{2:{3:{4}}}}'",
    "f-string fields": TRAIT + b"x = f'" + b"{1}" * 10_000 + b"'",
    "continuations": TRAIT + b"x = 1" + b" \\\n+1" * 800,
    "continuations only": TRAIT + b"\\\n" * 900,
    "triple quotes": TRAIT + b"'''" * 1_001,
    "quotes": TRAIT + b"'" * 20_001,
    "backslashes": TRAIT + b"x = '" + b"\\" * 20_001 + b"'",
    "named escapes": TRAIT + b"x = '" + b"\\N{DIGIT ONE}" * 1_000 + b"\\N{NO}'",
    "arguments": b"def f(" + b",".join(b"a%d" % each for each in range(4_000)) + b"): pass\n",
    "names": b"\n".join(b"a%d = %d" % (each, each) for each in range(900)),
    "patterns": TRAIT + b"match x:\n            case " + b"[" * 38 + b"]" * 38 + b": pass",
    "patterns deep": TRAIT
    + b"match x:\n            case "
    + b"[" * 2_000
    + b"]" * 2_000
    + b": pass",
    "pattern ors": TRAIT + b"match x:\n            case 1" + b"|1" * 9_000 + b": pass",
    "withs": TRAIT + b"with " + b"(" * 38 + b"a" + b") as b" * 38 + b": pass",
    "slices": TRAIT + b"x = a[" + b":," * 9_000 + b"]",
    "comprehension fors": TRAIT + b"x = [1" + b" for a in b" * 2_000 + b"]",
    "comprehension ifs": TRAIT + b"x = [1 for a in b" + b" if a" * 5_000 + b"]",
    "nested comprehensions": TRAIT + b"x = " + b"[" * 39 + b"1" + b" for a in b]" * 39,
    "nested functions": b"".join(b" " * each + b"def f(): \n" for each in range(99))
    + b" " * 99
    + b"0",
    "nested lambdas": TRAIT
    + b"x = "
    + b"(lambda: " * 38
    + b"1"
    + b")" * 38
    + b".a" * 39
    + b"**-1" * 60,
}
HEAVY: Final[dict[str, bytes]] = {
    "strings": TRAIT + b"x = " + b"'a' " * 7_000,
    "ands": TRAIT + b"x = 1" + b" and 1" * 5_000,
    "walruses": TRAIT + b"x = " + b"(a:=" * 35 + b"1" + b")" * 35,
    "globals": TRAIT + b"global " + b",".join(b"a%d" % each for each in range(4_000)),
}
"""Odd and harmless: whatever the verdict, it is there in time."""
