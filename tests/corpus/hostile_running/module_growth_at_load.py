# category: load-time; expect: stopped
TABLE = ['x' * 60000 for _ in range(60000)]


class Greedy(Trait):
    async def execute(self, entity):
        pass
