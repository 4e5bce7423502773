# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        while entity.x >= 0:
            try:
                for n in itertools.count():
                    pass
            except Exception:
                pass
