# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = len('a' * 1000) * 1000_000
        f'{1:{n}}'
