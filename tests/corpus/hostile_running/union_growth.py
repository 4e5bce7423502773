# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        t = int
        while entity:
            class New:
                pass
            t = t | New
