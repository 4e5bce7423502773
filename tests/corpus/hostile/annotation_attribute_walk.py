# category: annotations; expect: refused
import typing

x: typing.sys.modules = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
