# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        (lambda f: f())(self.go).cr_origin
