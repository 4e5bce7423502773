# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        self.other = entity
        self.other.energy = 10 ** 9
