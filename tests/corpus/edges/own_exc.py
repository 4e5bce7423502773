class Odd(Exception):
    pass
def f(v):
    if v % 2:
        raise Odd


class Edge(Trait):
    async def execute(self, entity):
        try:
            f(entity.age)
        except Odd:
            entity.vx = 3.0
