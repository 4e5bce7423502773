from random import randint, choice


class RandomTurn(Trait):
    """Every few ticks turn by ninety degrees, left or right."""

    def __init__(self):
        self.wait = 0

    async def execute(self, entity):
        if self.wait > 0:
            self.wait -= 1
            return
        self.wait = randint(5, 20)
        if choice((True, False)):
            entity.vx, entity.vy = -entity.vy, entity.vx
        else:
            entity.vx, entity.vy = entity.vy, -entity.vx
