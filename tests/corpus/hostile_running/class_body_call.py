# category: load-time; expect: stopped
def build():
    n = 0
    while n >= 0:
        n += 1


class Greedy(Trait):
    table = build()

    async def execute(self, entity):
        pass
