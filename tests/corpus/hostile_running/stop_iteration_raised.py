# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        raise StopIteration(7)
