def clamp(v, lo, hi):
    return max(lo, min(hi, v))


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = clamp(entity.x * 0.1, -1, 1)
