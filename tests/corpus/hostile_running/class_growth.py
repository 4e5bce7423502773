# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        while entity:
            class New:
                a = 1
