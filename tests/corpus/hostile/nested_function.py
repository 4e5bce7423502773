# category: dunders; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        def __init__(self):
            pass
