# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        try:
            entity.x.nothing
        except AttributeError as e:
            e.obj
