# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    def f(self, a: "exec('1')"):
        return a

    async def execute(self, entity):
        pass
