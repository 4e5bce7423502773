# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        try:
            1 / 0
        except Exception as __builtins__:
            pass
