# category: memory; expect: stopped
class Wide:
    def __enter__(self):
        return range(len("a" * 1000) * 1_000_000)

    def __exit__(self, *error):
        return False


class Greedy(Trait):
    async def execute(self, entity):
        with Wide() as (a, *b):
            pass
