# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        entity.x = 10 ** 9
        entity.move(-1e308, 1e308)
