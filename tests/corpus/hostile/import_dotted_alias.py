# category: imports; expect: refused; rule: import
import os.path as p


class Sneaky(Trait):
    async def execute(self, entity):
        p.join('a', 'b')
