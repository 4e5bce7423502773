# category: syntax; expect: refused
type X = int


class A(Trait):
    async def execute(self, entity):
        pass
