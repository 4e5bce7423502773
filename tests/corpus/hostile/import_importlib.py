# category: imports; expect: refused; rule: import
import importlib


class Sneaky(Trait):
    async def execute(self, entity):
        importlib.import_module('os')
