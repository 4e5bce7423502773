# category: imports; expect: refused; rule: import
import os


class Sneaky(Trait):
    async def execute(self, entity):
        os.listdir('.')
