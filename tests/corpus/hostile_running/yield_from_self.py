# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        def f():
            yield from f()
        list(f())
