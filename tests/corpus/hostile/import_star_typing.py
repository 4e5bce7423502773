# category: imports; expect: refused; rule: import
from typing import *


class Sneaky(Trait):
    async def execute(self, entity):
        sys.exit()
