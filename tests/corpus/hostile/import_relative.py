# category: imports; expect: refused; rule: import
from . import contract


class Sneaky(Trait):
    async def execute(self, entity):
        contract.FAILED
