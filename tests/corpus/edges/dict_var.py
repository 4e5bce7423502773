W = {'a': 1.5, 'b': 3.0}


class Edge(Trait):
    async def execute(self, entity):
        k = 'a' if entity.age % 2 else 'b'
        entity.vx = W[k]
