class Odd(ZeroDivisionError):
    pass
def f(v):
    if v % 2:
        raise Odd


class Edge(Trait):
    async def execute(self, entity):
        try:
            f(entity.age)
        except ArithmeticError:
            entity.vx = 3.0
