W = {'alive': 1.5, 'hunting': 3.0, 'fleeing': 0.5}


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = W[entity.state]
