# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        while entity:
            '%1000d %1000d %1000d' % (1, 2, 3)
