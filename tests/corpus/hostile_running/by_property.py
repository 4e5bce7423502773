# category: recursion; expect: stopped
class Greedy(Trait):
    @property
    def p(self):
        return self.p

    async def execute(self, entity):
        self.p
