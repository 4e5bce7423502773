# category: memory; expect: stopped
class Lie:
    def __len__(self):
        return 10 ** 10

    def __iter__(self):
        return iter(())


class Greedy(Trait):
    async def execute(self, entity):
        list(Lie())
