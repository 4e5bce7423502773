class Edge(Trait):
    @staticmethod
    def f(a):
        return a * 2

    async def execute(self, entity):
        entity.vx = Edge.f(2.0)
