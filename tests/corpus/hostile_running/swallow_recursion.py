# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        def f():
            try:
                f()
            except RecursionError:
                pass
            except Exception:
                pass
        f()
