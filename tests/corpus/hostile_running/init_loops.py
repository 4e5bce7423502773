# category: load-time; expect: stopped
class Greedy(Trait):
    def __init__(self):
        n = 0
        while n >= 0:
            n += 1

    async def execute(self, entity):
        pass
