# category: memory; expect: stopped
class Lie(dict):
    def __len__(self):
        return 10 ** 12

    def keys(self):
        return self

    def __iter__(self):
        return iter(range(10 ** 7))


class Greedy(Trait):
    async def execute(self, entity):
        sorted(Lie({3: 2}))
