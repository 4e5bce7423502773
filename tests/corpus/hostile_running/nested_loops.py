# category: endless; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for a in range(9999):
            for b in range(9999):
                for d in range(9999):
                    pass
