# category: libraries; expect: refused; rule: rebinding
class A:
    e = eval
    eval = 1


class Sneaky(Trait):
    async def execute(self, entity):
        A.e('1')
