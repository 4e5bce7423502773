# category: attributes; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        type(entity).mro()
