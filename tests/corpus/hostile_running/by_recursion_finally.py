# category: swallowing; expect: stopped
class Greedy(Trait):
    def go(self):
        try:
            self.go()
        finally:
            self.go()

    async def execute(self, entity):
        self.go()
