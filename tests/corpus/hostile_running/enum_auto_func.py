# category: reaching; expect: stopped
from enum import auto
class T(Trait):
    async def execute(self, entity):
        k = auto.func
        k.amount = entity.x
        entity.vx = 42.0
