# category: dunders; expect: refused; rule: dunder
class Odd:
    def __await__(self):
        yield self


class Sneaky(Trait):
    async def execute(self, entity):
        await Odd()
