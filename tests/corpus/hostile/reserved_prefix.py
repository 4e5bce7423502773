# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        _molt_fuel = 10**9
