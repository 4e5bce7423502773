# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    def f(self, a: "List['List[int]']"):
        return a

    async def execute(self, entity):
        pass
