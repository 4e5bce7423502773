# category: escapes; expect: stopped
class Greedy(Trait):
    async def go(self):
        return 1

    async def execute(self, entity):
        c = [self.go][0]()
        c.send(None)
