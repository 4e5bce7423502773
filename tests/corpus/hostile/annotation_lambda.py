# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    def f(self) -> (lambda: 1)():
        return 1

    async def execute(self, entity):
        pass
