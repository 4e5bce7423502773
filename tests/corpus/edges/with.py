class G:
    def __init__(self, e):
        self.e = e
    def __enter__(self):
        return self
    def __exit__(self, a, b, c):
        return False


class Edge(Trait):
    async def execute(self, entity):
        with G(entity) as g:
            entity.vx = 1.0
