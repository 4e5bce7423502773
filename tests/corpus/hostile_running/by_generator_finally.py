# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        def f():
            try:
                yield 1
            finally:
                for n in itertools.count():
                    pass
        g = f()
        next(g)
