# category: imports; expect: refused; rule: import
from __future__ import annotations as a


class Sneaky(Trait):
    async def execute(self, entity):
        a.compiler_flag
