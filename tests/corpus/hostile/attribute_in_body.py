# category: class-bodies; expect: refused; rule: class-body
class B:
    y = 1


class Sneaky(Trait):
    B.y = 2

    async def execute(self, entity):
        pass
