# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        c = type(self)
        c.__class__('A', (), {})
