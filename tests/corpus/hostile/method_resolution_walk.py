# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        [c for c in object.__subclasses__() if 'wrap' in c.__name__]
