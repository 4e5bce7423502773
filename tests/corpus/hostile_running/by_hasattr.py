# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    @property
    def busy(self):
        for n in itertools.count():
            pass

    async def execute(self, entity):
        hasattr(self, 'busy')
