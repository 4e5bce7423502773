# category: frames; expect: refused; rule: yield
class Sneaky(Trait):
    async def execute(self, entity):
        (lambda: (yield))().gi_code
