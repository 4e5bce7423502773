class SprintAndCoast(Trait):
    """Sprint for a while, then coast: cheaper than constant speed."""

    SPRINT = 20
    COAST = 30

    def __init__(self):
        super().__init__()
        self.timer = 0
        self.sprinting = True

    async def execute(self, entity):
        self.timer += 1
        limit = self.SPRINT if self.sprinting else self.COAST
        if self.timer > limit:
            self.timer = 0
            self.sprinting = not self.sprinting
        factor = 1.15 if self.sprinting else 0.9
        entity.vx *= factor
        entity.vy *= factor
