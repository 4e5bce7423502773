# category: recursion; expect: stopped
class I:
    def __iter__(self):
        return iter(I())


class Greedy(Trait):
    async def execute(self, entity):
        list(I())
