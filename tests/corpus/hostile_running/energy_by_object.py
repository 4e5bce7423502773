# category: escapes; expect: stopped
class Heavy:
    def __float__(self):
        return 1e9

    def __int__(self):
        return 10 ** 9


class Greedy(Trait):
    async def execute(self, entity):
        entity.energy = Heavy()
