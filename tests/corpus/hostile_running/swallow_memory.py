# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        try:
            [0] * (len('a' * 1000) * 1000)
        except MemoryError:
            pass
        except Exception:
            pass
