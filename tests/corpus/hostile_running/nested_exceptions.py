# category: recursion; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        error = ValueError()
        for _ in range(5000):
            error = ValueError(error)
        str(error)
