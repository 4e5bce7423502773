class Odd(LookupError):
    pass
def f(v):
    if v % 2:
        raise Odd


class Edge(Trait):
    async def execute(self, entity):
        f(entity.age)
