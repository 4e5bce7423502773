# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        x = 1e308
        while entity:
            x.as_integer_ratio()
