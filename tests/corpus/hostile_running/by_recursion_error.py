# category: swallowing; expect: stopped
class Greedy(Trait):
    def go(self):
        try:
            self.go()
        except RecursionError:
            self.go()
        except:
            self.go()

    async def execute(self, entity):
        self.go()
