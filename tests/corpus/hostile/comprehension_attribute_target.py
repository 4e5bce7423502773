# category: comprehensions; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        [1 for self.__class__ in [int]]
