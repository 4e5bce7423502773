# category: libraries; expect: refused; rule: module-name
from dataclasses import make_dataclass


class Sneaky(Trait):
    async def execute(self, entity):
        make_dataclass('A', ['x'])
