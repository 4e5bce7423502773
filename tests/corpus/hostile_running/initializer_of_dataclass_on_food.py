# category: stores; expect: stopped
from dataclasses import dataclass


@dataclass
class Meal:
    amount: float = 0.0


class Sower(Trait):
    async def execute(self, entity):
        for place in entity.nearby_resources(500.0)[:1]:
            Meal.__init__(place, 1e9)
            entity.vx = place.amount
