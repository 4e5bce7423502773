import math


class Sorts(Trait):
    async def execute(self, entity):
        a = sorted([3.0, math.nan, 1.0, 2.0, math.nan, entity.vx])
        entity.vx = a[0]
