# category: annotations; expect: refused
from dataclasses import dataclass


@dataclass
class A:
    x: "().__class__.__base__" = 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass
