# category: recursion; expect: stopped
class G:
    def __getitem__(self, n):
        return self[n]


class Greedy(Trait):
    async def execute(self, entity):
        G()[0]
