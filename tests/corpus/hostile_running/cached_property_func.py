# category: reaching; expect: stopped
import functools
class T(Trait):
    async def execute(self, entity):
        k = functools.cached_property.func
        k.amount = entity.x
        entity.vx = 42.0
