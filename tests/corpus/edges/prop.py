class Edge(Trait):
    @property
    def p(self):
        return 2.5

    async def execute(self, entity):
        entity.vx = self.p
