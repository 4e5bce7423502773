# category: formats; expect: refused; rule: format
class Sneaky(Trait):
    async def execute(self, entity):
        f'%{9}99999999d' % 1
