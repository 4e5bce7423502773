# category: endless; expect: stopped
class Endless:
    def __getitem__(self, index):
        return index


class Greedy(Trait):
    async def execute(self, entity):
        for n in Endless():
            pass
