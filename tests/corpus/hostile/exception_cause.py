# category: frames; expect: refused; rule: dunder
class Sneaky(Trait):
    async def execute(self, entity):
        try:
            raise ValueError from KeyError()
        except Exception as e:
            e.__cause__.__traceback__
