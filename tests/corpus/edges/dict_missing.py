W = {'a': 1.5}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W['zz']
