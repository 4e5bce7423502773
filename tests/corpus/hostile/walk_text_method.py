# category: attributes; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        ''.join.__self__.__class__
