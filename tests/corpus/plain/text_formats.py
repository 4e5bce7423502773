class Fmt(Trait):
    async def execute(self, entity):
        v = 3.14159
        parts = [f"{v:.2f}", f"{v:>10.3f}", f"{v:<8.1e}|", f"{42:05d}", f"{42:#x}", f"{1234567:,}", f"{0.256:.1%}",
                 f"{'a':*^7}", f"{True!r:>6}", f"{[1, 2.0, 'x']}", f"{ {'k': (1,)} }", f"{None}", "%5.2f|%-4d|%s" % (v, 7, [1]),
                 "{:>4}{:<4}{}".format(1, "b", 2.5), "{0}{1}{0}".format("p", "q"), str(1e16), str(1e-5), repr(0.1 + 0.2),
                 "a,b,,c".split(","), "  x y ".split(), "-".join(str(i) for i in range(4)), "Hello".swapcase(),
                 "x".center(5, "-"), "abc"[::-1], "tEst".title(), "a\tb".expandtabs(4), str({"a": 1}.items()), str(set()), str(frozenset()),
                 str({1}), str(range(3)), f"{v=:.1f}", str(1.0), str(-0.0), str(float("inf")), "abc".partition("b"), "ab" * 3,
                 "a-b_c".replace("-", "_").split("_"), "é".upper(), "x".isalpha(), "12".zfill(4), str(10**15), f"{10**15:.3g}"]
        text = "/".join(str(p) for p in parts)
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.vy = len(text) * 0.05
