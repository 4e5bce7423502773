# category: escapes; expect: stopped
class Greedy(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        for _ in range(1000):
            [self.go][0]()
