# category: attributes; expect: refused; rule: attribute
class Sneaky(Trait):
    @property
    def size(self):
        return 1

    async def execute(self, entity):
        type(self).size.fget(self)
