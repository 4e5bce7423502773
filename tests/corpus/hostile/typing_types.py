# category: libraries; expect: refused; rule: module-name
import typing


class Sneaky(Trait):
    async def execute(self, entity):
        typing.types.FunctionType
