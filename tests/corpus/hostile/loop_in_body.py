# category: class-bodies; expect: refused; rule: class-body
class A:
    for i in range(10):
        pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
