# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for n in iter(lambda: 1, 2):
            pass
