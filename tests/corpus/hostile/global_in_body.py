# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    global x

    async def execute(self, entity):
        pass
