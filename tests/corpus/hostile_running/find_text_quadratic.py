# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = 'a' * 60000
        b = 'a' * 30000 + 'b'
        for _ in range(10 ** 5):
            b in a
