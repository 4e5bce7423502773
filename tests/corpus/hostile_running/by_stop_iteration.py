# category: swallowing; expect: stopped
class Loud:
    def __iter__(self):
        return self

    def __next__(self):
        n = 0
        while n < 10 ** 7:
            n += 1
        raise StopIteration


class Greedy(Trait):
    async def execute(self, entity):
        while entity.x >= 0:
            list(Loud())
