# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        try:
            for n in itertools.count():
                pass
        finally:
            for n in itertools.count():
                pass
