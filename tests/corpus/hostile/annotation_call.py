# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    def f(self, a: eval('1')):
        return a

    async def execute(self, entity):
        pass
