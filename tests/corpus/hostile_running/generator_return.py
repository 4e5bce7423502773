# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        def g():
            try:
                while entity:
                    yield 1
            finally:
                return
        for _ in g():
            pass
