# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        raise SystemExit(3)
