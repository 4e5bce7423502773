# category: libraries; expect: refused; rule: import
from operator import attrgetter


class Sneaky(Trait):
    async def execute(self, entity):
        attrgetter('__class__')(entity)
