# category: annotations; expect: refused; rule: annotation
x: __import__('os').system('ls') = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
