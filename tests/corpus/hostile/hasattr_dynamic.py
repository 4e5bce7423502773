# category: attributes; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        for name in ('_' * 2 + 'dict' + '_' * 2,):
            hasattr(entity, name)
