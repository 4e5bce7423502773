# category: slow-operations; expect: stopped
from functools import total_ordering


@total_ordering
class Ranked(dict):
    def __lt__(self, other):
        return False


class Ordered(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a, b = [a, a], [b, b]
        first, second = Ranked(), Ranked()
        first["x"], second["x"] = a, b
        first <= second
