# category: classes; expect: refused
class A:
    B = dict


class C(A.B):
    pass


class Sneaky(Trait):
    async def execute(self, entity):
        pass
