# category: slow-operations; expect: stopped
from dataclasses import dataclass


class Greedy(Trait):
    async def execute(self, entity):
        while entity:
            @dataclass(order=True, frozen=True)
            class New:
                a: int = 1
                b: int = 1
