# category: names; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        __build_class__(lambda: None, 'A')
