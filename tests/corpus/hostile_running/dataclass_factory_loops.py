# category: load-time; expect: stopped
from dataclasses import dataclass, field


def slow():
    n = 0
    while n >= 0:
        n += 1


@dataclass
class A:
    x: int = field(default_factory=slow)


class Greedy(Trait):
    async def execute(self, entity):
        A()
