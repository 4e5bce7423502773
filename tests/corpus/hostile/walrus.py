# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        if (__builtins__ := {}):
            pass
