# category: memory; expect: stopped
class Lie(list):
    def __len__(self):
        return 0


class Greedy(Trait):
    async def execute(self, entity):
        sorted(Lie([3, 2] * 30000))
