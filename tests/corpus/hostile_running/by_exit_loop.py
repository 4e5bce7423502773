# category: swallowing; expect: stopped
import itertools


class Busy:
    def __enter__(self):
        return self

    def __exit__(self, *rest):
        for n in itertools.count():
            pass


class Greedy(Trait):
    async def execute(self, entity):
        with Busy():
            for n in itertools.count():
                pass
