# category: names; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        __builtins__['eval']('1')
