# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        self._scene = 1
        entity._scene
