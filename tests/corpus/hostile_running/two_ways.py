# category: recursion; expect: stopped
class Greedy(Trait):
    def go(self, n):
        return self.go(n + 1) + self.go(n + 1)

    async def execute(self, entity):
        self.go(0)
