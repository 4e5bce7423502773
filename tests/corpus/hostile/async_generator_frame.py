# category: frames; expect: refused
class Sneaky(Trait):
    async def go(self):
        yield 1

    async def execute(self, entity):
        a = self.go()
        a.ag_frame
