# category: classes; expect: refused; rule: base
B = (dict,)


class A(*B):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
