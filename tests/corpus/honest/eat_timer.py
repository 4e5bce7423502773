class EatTimer(Trait):
    """Digest: after a meal wait some ticks before eating again."""

    COOLDOWN = 12

    def __init__(self):
        super().__init__()
        self.cooldown = 0

    async def execute(self, entity):
        if self.cooldown > 0:
            self.cooldown -= 1
            return
        eaten = entity.eat(3.0)
        if eaten > 0:
            self.cooldown = self.COOLDOWN
