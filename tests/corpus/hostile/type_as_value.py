# category: names; expect: refused; rule: call
class Sneaky(Trait):
    async def execute(self, entity):
        t = type
        t('A', (), {})
