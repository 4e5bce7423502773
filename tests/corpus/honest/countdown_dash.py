import random


class CountdownDash(Trait):
    def __init__(self):
        self.countdown = 30
        self.dash = 0

    async def execute(self, entity):
        if self.dash:
            self.dash -= 1
            entity.move(entity.vx * 0.5, entity.vy * 0.5)
            return
        self.countdown -= 1
        if self.countdown <= 0:
            self.countdown = random.randrange(20, 60)
            self.dash = random.randint(3, 6)
