W = {'a': 1.5, 'b': -2}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W['a'] + W['b']
