# category: trait; expect: refused
T = Trait


class A(T):
    async def execute(self, entity):
        pass
