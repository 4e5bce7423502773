# category: syntax; expect: refused; rule: syntax
class A(Trait):
    async def execute(self, entity):
        break
