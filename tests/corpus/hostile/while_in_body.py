# category: class-bodies; expect: refused; rule: class-body
class A:
    while True:
        break


class Sneaky(Trait):
    async def execute(self, entity):
        pass
