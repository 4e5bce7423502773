class Edge(Trait):
    async def execute(self, entity):
        a = [1.0, 2.0]
        for x in a:
            if len(a) < 5:
                a.append(x)
        entity.vx = len(a)
