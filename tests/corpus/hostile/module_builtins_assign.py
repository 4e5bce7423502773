# category: dunders; expect: refused; rule: dunder
__builtins__ = {}


class Sneaky(Trait):
    async def execute(self, entity):
        pass
