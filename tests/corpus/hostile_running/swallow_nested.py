# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        while entity:
            try:
                while entity:
                    pass
            except Exception:
                continue
            finally:
                continue
