# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        kind = type(lambda: 1)
        kind(1, {})
