# category: names; expect: refused
class Sneaky(Trait):
    async def execute(self, entity):
        compile('1', 'a', 'eval')
