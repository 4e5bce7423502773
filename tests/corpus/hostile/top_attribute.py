# category: module-level; expect: refused; rule: module-level
class A:
    y = 1


A.y = 2


class Sneaky(Trait):
    async def execute(self, entity):
        pass
