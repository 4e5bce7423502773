# category: slow-operations; expect: stopped
from collections import Counter


class Joined(Trait):
    async def execute(self, entity):
        a, b = [], []
        for _ in range(35):
            a, b = [a, a], [b, b]
        first, second = Counter(), Counter()
        first["x"], second["x"] = a, b
        first | second
