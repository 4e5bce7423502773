from functools import cmp_to_key, total_ordering
from dataclasses import dataclass, field
@total_ordering
class Rank:
    def __init__(self, v):
        self.v = v
    def __eq__(self, o):
        return self.v == o.v
    def __lt__(self, o):
        return self.v < o.v
@dataclass(order=True)
class Item:
    prio: int
    name: str = field(compare=False)
    tags: list = field(default_factory=list, repr=False)
class Sorter(Trait):
    async def execute(self, entity):
        rows = [(i % 3, i) for i in range(12)]
        a = sorted(rows, key=lambda r: r[0])
        b = sorted(rows, key=lambda r: r[0], reverse=True)
        c = sorted([Rank(v) for v in (3, 1, 2)])
        d = sorted([Item(2, "b"), Item(1, "z"), Item(2, "a")])
        e = sorted("bAaB", key=str.lower)
        f = sorted([3, 1, 2], key=cmp_to_key(lambda p, q: q - p))
        g = [5, 3, 9]; g.sort(); g.reverse()
        h = max(rows, key=lambda r: (r[0], -r[1])), min([Rank(4), Rank(0)]).v
        text = f"{a}{b}{[r.v for r in c]}{[i.name for i in d]}{e}{f}{g}{h}{d[0]}{Rank(1) >= Rank(0)}"
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
