# category: frames; expect: refused; rule: attribute
class S:
    __slots__ = ('tb_frame',)


class Sneaky(Trait):
    async def execute(self, entity):
        pass
