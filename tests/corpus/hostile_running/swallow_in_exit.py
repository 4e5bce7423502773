# category: swallowing; expect: stopped
class Swallow:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True


class Greedy(Trait):
    async def execute(self, entity):
        with Swallow():
            while entity:
                pass
