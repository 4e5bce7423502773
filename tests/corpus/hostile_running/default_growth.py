# category: memory; expect: stopped
class Greedy(Trait):
    def go(self, kept=[]):
        kept.append('x' * 60000)

    async def execute(self, entity):
        self.go()
