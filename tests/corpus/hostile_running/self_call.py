# category: recursion; expect: stopped
class Greedy(Trait):
    def go(self):
        return self.go()

    async def execute(self, entity):
        self.go()
