# category: recursion; expect: stopped
class Greedy(Trait):
    def a(self):
        return self.b()

    def b(self):
        return self.a()

    async def execute(self, entity):
        self.a()
