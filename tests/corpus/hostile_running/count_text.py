# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = 'ab' * 30000
        for _ in range(10 ** 5):
            a.count('ba')
