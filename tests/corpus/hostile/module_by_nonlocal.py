# category: libraries; expect: refused; rule: rebinding
class Sneaky(Trait):
    async def execute(self, entity):
        def g():
            nonlocal math
            return [math]
        import math
        g()
