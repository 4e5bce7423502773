class Sets(Trait):
    async def execute(self, entity):
        a = {1, 2, 3}
        b = frozenset([3, 4])
        a.add(9); a.discard(100)
        u, i, d, s = a | b, a & b, a - b, a ^ b
        ok = (i <= a, a >= {1}, a.isdisjoint({7}), {1, 2} == {2, 1}, b in {frozenset([4, 3])}, 3 in a)
        entity.vx = sum(u) * 0.1 + len(i) + sum(d) * 0.01 + sum(s) * 0.001
        entity.vy = sum(ok) * 0.5 + len(set("hello"))
        a.update([5], (6,)); a -= {1}; a |= {50}
        a.remove(50)
        try:
            a.remove(1000)
        except KeyError:
            entity.radius = 1.0 + len(sorted(a)) * 0.1
