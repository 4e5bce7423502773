# category: libraries; expect: refused; rule: rebinding
class A:
    t = type
    type = 1


class Sneaky(Trait):
    async def execute(self, entity):
        A.t('X', (), {})
