# category: recursion; expect: stopped
class Box:
    def go(self):
        pass


class Greedy(Trait):
    async def execute(self, entity):
        box = None
        for _ in range(20_000):
            new = Box()
            new.kept = box.go if box else None
            box = new
        box = None
        while entity:
            pass
