class Edge(Trait):
    async def execute(self, entity):
        '''doc'''
        ...
        entity.vx = 1.0
