# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        object.__setattr__(entity, 'energy', 1e9)
