# category: memory; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        a = ('a' * 60000).translate({97: 'b' * 60000})
