# category: rebinding; expect: refused; rule: module
import enum


class Sneaky(Trait):
    async def execute(self, entity):
        return enum
