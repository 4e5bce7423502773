# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        def f():
            for n in itertools.count():
                try:
                    yield n
                except:
                    pass
        g = f()
        next(g)
        for n in g:
            pass
