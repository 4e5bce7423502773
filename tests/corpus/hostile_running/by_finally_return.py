# category: swallowing; expect: stopped
import itertools


class Greedy(Trait):
    def go(self):
        try:
            for n in itertools.count():
                pass
        finally:
            return 1

    async def execute(self, entity):
        self.go()
        self.go()
