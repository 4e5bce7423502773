# category: unicode; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        𝐞𝐱𝐞𝐜('x=1')
