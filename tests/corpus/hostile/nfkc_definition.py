# category: unicode; expect: refused; rule: identifier
class A:
    def __ｄel__(self):
        pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
