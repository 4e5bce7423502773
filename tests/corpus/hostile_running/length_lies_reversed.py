# category: memory; expect: stopped
class Lie:
    def __len__(self):
        return 10 ** 10

    def __getitem__(self, n):
        return n


class Greedy(Trait):
    async def execute(self, entity):
        list(reversed(Lie()))
