class Behaviour:
    weight = 1.0
    registry = ()
    def __init__(self, gain=1.0):
        self.gain = gain
    def score(self, e):
        raise NotImplementedError
    def __call__(self, e):
        return self.weight * self.gain * self.score(e)
    def __lt__(self, other):
        return self.weight < other.weight
    def __str__(self):
        return f"{type(self).__name__}({self.gain:.1f})"
class Hunger(Behaviour):
    weight = 2.0
    def score(self, e):
        return 1.0 - e.energy / max(e.max_energy, 1.0)
class Crowd(Behaviour):
    def __init__(self, radius, **kw):
        super().__init__(**kw)
        self.radius = radius
    def score(self, e):
        return min(1.0, len(e.nearby_entities(self.radius)) / 10.0)
class Mixed(Hunger, Crowd):
    def __init__(self):
        super().__init__(radius=30.0, gain=0.5)
    def score(self, e):
        return super().score(e) + Crowd.score(self, e)
class Brain(Trait):
    def __init__(self):
        self.parts = [Hunger(), Crowd(50.0, gain=2.0)]
    async def execute(self, entity):
        parts = sorted(self.parts + [Mixed()])
        best = max(parts, key=lambda p: p(entity))
        entity.vx = best(entity)
        entity.vy = sum(p(entity) for p in parts)
        entity.radius = 1.0 + len(str(best)) * 0.1 + isinstance(best, Crowd) + issubclass(Mixed, Hunger)
