# category: dunders; expect: refused; rule: dunder
def __getattr__(name):
    return 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
