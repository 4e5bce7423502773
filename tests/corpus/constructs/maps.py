W = {'food': 0.5, 'crowd': 2}
class T(Trait):
    V = {'a': 1, 'b': 2.5}
    def k(self, o): return o.energy
    def pos(self, o): return o.vx > 0
    async def execute(self, entity):
        n = entity.nearby_entities(40)
        a = sum(map(lambda o: o.vx, n)) + max(map(self.k, n), default=0)
        b = list(filter(lambda o: o.energy > 40, n))
        for v in map(lambda o: o.vy, filter(self.pos, n)): a += v
        entity.vx = a / 10
        entity.vy = len(b) / 10 + (b[0].vx if b else 0) + any(map(lambda o: o.vx > 1, n))
        c = [3, 1, 2]
        c.sort()
        d = c.pop() + c.count(1) + (2 in c) + (7 not in c) + len(c)
        if n: d += n[0] in b
        entity.radius = d
        m = "food" if entity.age % 2 else "x"
        entity.radius += W["food"] + self.V["a"] * 2
