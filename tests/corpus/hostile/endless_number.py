# category: too-large; expect: refused; rule: endless
class Sneaky(Trait):
    async def execute(self, entity):
        while 1:
            entity.move(0, 0)
