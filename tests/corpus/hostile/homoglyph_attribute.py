# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    async def execute(self, entity):
        entity.еnergy = entity.еnergy
