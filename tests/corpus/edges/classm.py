class Edge(Trait):
    K = 1.5
    @classmethod
    def f(cls, a):
        return a * cls.K

    async def execute(self, entity):
        entity.vx = self.f(2.0)
