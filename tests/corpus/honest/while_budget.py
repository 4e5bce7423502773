class WhileBudget(Trait):
    """Take several small bites while they are worth it."""

    MAX_BITES = 4

    async def execute(self, entity):
        bites = 0
        got = 0.0
        while bites < self.MAX_BITES:
            piece = entity.eat(1.25)
            bites += 1
            if piece <= 0:
                break
            got += piece
        if got < 1.0:
            entity.vx *= 1.02
            entity.vy *= 1.02
