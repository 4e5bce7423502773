# category: swallowing; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        class K:
            def __lt__(self, other):
                try:
                    while entity:
                        pass
                finally:
                    return True
        sorted([K(), K(), K()])
