# category: syntax; expect: refused
class A[T](Trait):
    async def execute(self, entity):
        pass
