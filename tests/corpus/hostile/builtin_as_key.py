# category: names; expect: refused; rule: name
class Sneaky(Trait):
    async def execute(self, entity):
        sorted(['1'], key=eval)
