# category: coroutines; expect: refused; rule: form
class Sneaky(Trait):
    async def execute(self, entity):
        try:
            pass
        except* ValueError:
            pass
