# category: formats; expect: refused; rule: attribute
from functools import partial


class Sneaky(Trait):
    async def execute(self, entity):
        partial('{0.__class__}'.format)(entity)
