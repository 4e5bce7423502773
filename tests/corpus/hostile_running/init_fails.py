# category: load-time; expect: stopped
class Greedy(Trait):
    def __init__(self):
        raise ValueError('never')

    async def execute(self, entity):
        pass
