import random
class T(Trait):
    h = 3
    z = 1.5
    def __init__(self):
        super().__init__()
        self.n = 0
        self.acc = 0
        self.flag = random.random() > 0.3
        self.mixed = random.uniform(0, 1)
        self.base = 0.125
        self.acc += 0.5
    async def execute(self, entity):
        self.n += 1
        self.acc = self.acc * 0.9 + entity.vx
        if self.flag and self.n % 2 == 0:
            self.flag = not self.flag
        self.mixed += 1 if self.flag else 0.5
        self.z = 0
        if entity.age % 3 == 0: self.z = self.acc
        entity.vx = self.acc / 10 + self.base
        entity.vy = self.mixed / 100 + self.z
        entity.radius = 1 + self.n
