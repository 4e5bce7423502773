# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        entity.move(len(repr(object())), len(str(self.execute)))
