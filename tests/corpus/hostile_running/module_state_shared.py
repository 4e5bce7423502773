# category: escapes; expect: stopped
COUNT = [0]


class Greedy(Trait):
    async def execute(self, entity):
        self.n = COUNT[0]
        COUNT[0] += 1
