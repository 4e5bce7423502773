# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        for self.__class__ in [type(entity)]:
            pass
