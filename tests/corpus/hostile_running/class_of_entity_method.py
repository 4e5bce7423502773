# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        type(entity).move = lambda *a: None
