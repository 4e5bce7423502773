# category: comprehensions; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        [e for e in [entity] if e.__dict__]
