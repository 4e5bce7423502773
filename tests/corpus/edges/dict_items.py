W = {'a': 1.5, 'b': 3.0}


class Edge(Trait):
    async def execute(self, entity):
        for k, v in W.items():
            entity.vx += v
