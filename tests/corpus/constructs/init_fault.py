import random
class T(Trait):
    def __init__(self):
        self.v = 1 / random.randint(0, 1)
    async def execute(self, entity):
        self.v += 1
        entity.vx = self.v
