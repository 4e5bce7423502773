W = {'alive': 1.5, 'b': 3.0}


class Edge(Trait):
    async def execute(self, entity):
        if entity.state in W:
            entity.vx = 1.0
