# category: unicode; expect: refused; rule: identifier
class Sneaky(Trait):
    async def execute(self, entity):
        (n for n in ()).gi_ｆrame
