# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        def f():
            yield from (1, 2)
        f().gi_yieldfrom
