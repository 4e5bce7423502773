# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        try:
            entity.x
        except BaseException:
            pass
