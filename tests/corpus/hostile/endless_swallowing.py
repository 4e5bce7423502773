# category: too-large; expect: refused; rule: endless
class Sneaky(Trait):
    async def execute(self, entity):
        while True:
            try:
                entity.x = 1
            except Exception:
                continue
