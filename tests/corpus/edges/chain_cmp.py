class Edge(Trait):
    async def execute(self, entity):
        a = 0
        def f():
            nonlocal a
            a += 1
            return 2
        if 1 < f() < 3:
            entity.vx = a
