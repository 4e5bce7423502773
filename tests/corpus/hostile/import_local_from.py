# category: imports; expect: refused; rule: import
class Sneaky(Trait):
    async def execute(self, entity):
        from os import system as move
        move('ls')
