# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        entity.__reduce_ex__(2)[0]
