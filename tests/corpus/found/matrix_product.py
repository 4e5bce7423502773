class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __imatmul__(self, factor):
        self.x *= factor
        return self


class Edge(Trait):
    async def execute(self, entity):
        v = Vector(entity.vx, entity.vy)
        v @= 2.0
        entity.vx = v @ Vector(0.5, 0.25)
