# category: stores; expect: stopped
from dataclasses import dataclass
@dataclass
class P:
    energy: float = 0.0
class T(Trait):
    async def execute(self, entity):
        entity.energy = entity.energy
        P.__init__(entity, 1e9)
