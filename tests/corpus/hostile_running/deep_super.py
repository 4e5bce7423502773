# category: recursion; expect: stopped
class Box:
    kept = None

    def wrap(self):
        new = Box()
        new.kept = super()
        return new


class Greedy(Trait):
    async def execute(self, entity):
        b = Box()
        for _ in range(20_000):
            b = b.wrap()
        b = None
        while entity:
            pass
