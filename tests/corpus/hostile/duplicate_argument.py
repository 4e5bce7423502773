# category: syntax; expect: refused; rule: syntax
class A(Trait):
    async def execute(self, self):
        pass
