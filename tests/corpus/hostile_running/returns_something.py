# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        return [entity, self]
