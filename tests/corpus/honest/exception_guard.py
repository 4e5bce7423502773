class ExceptionGuard(Trait):
    """Normalises the velocity and copes with standing still."""

    async def execute(self, entity):
        speed = (entity.vx ** 2 + entity.vy ** 2) ** 0.5
        try:
            ux = entity.vx / speed
            uy = entity.vy / speed
        except ZeroDivisionError:
            ux, uy = 1.0, 0.0
        entity.vx = ux * 1.1
        entity.vy = uy * 1.1
