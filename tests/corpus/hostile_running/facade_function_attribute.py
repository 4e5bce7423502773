# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        f = len
        f.mine = 1
