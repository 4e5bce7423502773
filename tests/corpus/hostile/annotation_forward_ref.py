# category: annotations; expect: refused; rule: module-name
from typing import ForwardRef


class Sneaky(Trait):
    async def execute(self, entity):
        ForwardRef('x')._evaluate({}, {}, frozenset())
