# category: load-time; expect: stopped
TABLE = 1 / 0


class Greedy(Trait):
    async def execute(self, entity):
        pass
