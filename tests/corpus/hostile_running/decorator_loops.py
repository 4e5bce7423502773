# category: load-time; expect: stopped
def slow(function):
    n = 0
    while n >= 0:
        n += 1
    return function


@slow
def f():
    pass


class Greedy(Trait):
    async def execute(self, entity):
        pass
