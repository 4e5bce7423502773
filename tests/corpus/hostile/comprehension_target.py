# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        [1 for __builtins__ in [{}]]
