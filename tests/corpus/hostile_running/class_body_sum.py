# category: load-time; expect: stopped
class Greedy(Trait):
    table = sum(n for n in range(9999999))

    async def execute(self, entity):
        pass
