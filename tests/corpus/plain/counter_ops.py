from collections import Counter

class Tally(Trait):
    async def execute(self, entity):
        a = Counter(x=3, y=1)
        b = Counter(x=1, y=4, z=2)
        a |= b
        a &= Counter(x=3, y=9, z=1)
        a += Counter(w=5)
        a -= Counter(w=1)
        pos = +Counter(p=2, q=-1)
        neg = -Counter(p=2, q=-1)
        entity.vx = a["x"] + a["y"] * 0.1 + a["z"] * 0.01 + a["w"] * 0.001 + a.total()
        entity.vy = float(len(pos)) + neg["q"] * 10 + (Counter(a=0) == Counter())
        entity.radius = 1.0 + (Counter(x=1) <= Counter(x=2)) + len(list(b.elements())) * 0.1
