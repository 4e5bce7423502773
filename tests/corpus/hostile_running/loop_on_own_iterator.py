# category: endless; expect: stopped
class Endless:
    def __iter__(self):
        return self

    def __next__(self):
        return 1


class Greedy(Trait):
    async def execute(self, entity):
        for n in Endless():
            pass
