# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        def f():
            while True:
                try:
                    yield 1
                except:
                    pass
        g = f()
        next(g)
        g.close()
