# category: imports; expect: refused; rule: module-name
from random import __loader__ as L


class Sneaky(Trait):
    async def execute(self, entity):
        L.load_module('os')
