class Edge(Trait):
    async def execute(self, entity):
        match entity.state:
            case 'fleeing' | 'a':
                entity.vx = 1.0
            case _:
                entity.vx = 2.0
