# category: attributes; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        list.__class_getitem__(int)
