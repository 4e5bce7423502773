# category: dunders; expect: refused; rule: dunder
__all__ = [n for n in 'ab']


class Sneaky(Trait):
    async def execute(self, entity):
        pass
