# category: escapes; expect: stopped
class Sub(dict):
    pass


class Greedy(Trait):
    async def execute(self, entity):
        s = Sub()
        super(Sub, s).update(a=1)
