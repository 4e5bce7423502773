# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for name in {'a', 'b', None, 1.5}:
            entity.x = len(str(name))
            break
