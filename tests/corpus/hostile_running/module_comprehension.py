# category: load-time; expect: stopped
import itertools

TABLE = [n for n in itertools.count()]


class Greedy(Trait):
    async def execute(self, entity):
        pass
