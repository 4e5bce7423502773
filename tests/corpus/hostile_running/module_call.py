# category: load-time; expect: stopped
def build():
    n = 0
    while n >= 0:
        n += 1


TABLE = build()


class Greedy(Trait):
    async def execute(self, entity):
        pass
