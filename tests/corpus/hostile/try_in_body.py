# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    try:
        x = 1
    except Exception:
        x = 2

    async def execute(self, entity):
        pass
