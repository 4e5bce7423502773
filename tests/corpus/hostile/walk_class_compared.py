# category: attributes; expect: refused; rule: dunder
class Spy:
    seen = None

    def __eq__(self, other):
        self.seen = other
        return True


class Sneaky(Trait):
    async def execute(self, entity):
        entity.__class__ == Spy()
