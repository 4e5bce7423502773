# category: attributes; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        if hasattr(entity, '__dict__'):
            entity.x = 0
