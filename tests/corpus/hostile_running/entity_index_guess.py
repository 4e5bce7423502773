# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        self._index = self.index = 1
        entity._index + entity.index
