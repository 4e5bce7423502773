# category: patterns; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        match [1, 2]:
            case [_, *__builtins__]:
                pass
