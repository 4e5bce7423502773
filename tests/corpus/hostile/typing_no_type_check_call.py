# category: libraries; expect: refused; rule: call
from typing import no_type_check


class Sneaky(Trait):
    async def execute(self, entity):
        no_type_check(type(entity))
