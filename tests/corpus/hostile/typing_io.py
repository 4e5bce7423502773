# category: libraries; expect: refused; rule: module-name
from typing import IO


class Sneaky(Trait):
    async def execute(self, entity):
        IO
