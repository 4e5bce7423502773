# category: swallowing; expect: stopped
import itertools

KEPT = []


class Greedy(Trait):
    async def execute(self, entity):
        if KEPT:
            KEPT.pop()

        def f():
            try:
                yield 1
            finally:
                for n in itertools.count():
                    pass
        g = f()
        next(g)
        KEPT.append(g)
