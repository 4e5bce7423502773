# category: annotations; expect: refused; rule: annotation
class Sneaky(Trait):
    async def f(self) -> await_me():
        return 1

    async def execute(self, entity):
        pass
