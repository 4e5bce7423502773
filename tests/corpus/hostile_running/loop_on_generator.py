# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        def f():
            n = 0
            while True:
                n += 1
                yield n
        for n in f():
            pass
