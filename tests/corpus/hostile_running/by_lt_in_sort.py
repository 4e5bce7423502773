# category: swallowing; expect: stopped
import itertools


class Loud:
    def __lt__(self, other):
        try:
            for n in itertools.count():
                pass
        except:
            return True


class Greedy(Trait):
    async def execute(self, entity):
        sorted([Loud(), Loud()])
