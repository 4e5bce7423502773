# category: swallowing; expect: stopped
import itertools


class Calm:
    def __enter__(self):
        return self

    def __exit__(self, *rest):
        return True


class Greedy(Trait):
    async def execute(self, entity):
        while entity.x >= 0:
            with Calm():
                for n in itertools.count():
                    pass
