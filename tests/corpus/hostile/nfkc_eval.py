# category: unicode; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        𝘦𝘷𝘢𝘭('1')
