# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        while entity.x >= 0:
            entity.x = 1
