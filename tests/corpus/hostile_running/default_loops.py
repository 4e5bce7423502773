# category: load-time; expect: stopped
def slow():
    n = 0
    while n >= 0:
        n += 1


class Greedy(Trait):
    def f(self, a=slow()):
        return a

    async def execute(self, entity):
        pass
