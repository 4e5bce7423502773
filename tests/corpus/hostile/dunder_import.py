# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        __import__('os').system('ls')
