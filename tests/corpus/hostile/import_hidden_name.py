# category: imports; expect: refused; rule: module-name
from random import _os


class Sneaky(Trait):
    async def execute(self, entity):
        _os.getpid()
