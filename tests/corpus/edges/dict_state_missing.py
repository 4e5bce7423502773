W = {'alive': 1.5}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W.get(entity.state, 9.0)
