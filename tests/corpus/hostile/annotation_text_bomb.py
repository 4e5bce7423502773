# category: annotations; expect: refused
class Sneaky(Trait):
    def f(self, a: '(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((('):
        return a

    async def execute(self, entity):
        pass
