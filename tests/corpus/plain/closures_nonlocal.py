calls = 0
def counter(start=0):
    n = start
    def inc(by=1):
        nonlocal n
        n += by
        return n
    def reset():
        nonlocal n
        n = start
    return inc, reset
late = [lambda: i for i in range(3)]
bound = [lambda i=i: i for i in range(3)]
def bump():
    global calls
    calls += 1
    return calls
class Closed(Trait):
    async def execute(self, entity):
        inc, reset = counter(5)
        inc(); inc(2)
        a = inc()
        reset()
        fns = [lambda: j for j in range(3)]
        entity.vx = a + sum(f() for f in fns) * 0.1 + sum(f() for f in bound) * 0.01
        entity.vy = bump() * 0.25
        j = 10
        squares = [j * j for j in range(4)]
        entity.radius = 1.0 + j * 0.1 + squares[-1] * 0.01
