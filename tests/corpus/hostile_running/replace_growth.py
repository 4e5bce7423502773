# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = 'aa'
        for _ in range(40):
            a = a.replace('a', 'aa')
