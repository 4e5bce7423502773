# category: syntax; expect: refused
class A(Trait):
    async def execute(self, entity):
        f'{f'{1}'}'
