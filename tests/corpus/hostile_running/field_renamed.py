# category: reaching; expect: stopped
from dataclasses import dataclass, fields, asdict
@dataclass
class P:
    a: float = 0.0
class T(Trait):
    async def execute(self, entity):
        p = P()
        for f in fields(p):
            f.name = "__hash__"
        for v in asdict(p).values():
            entity.vx = v() % 50.0
