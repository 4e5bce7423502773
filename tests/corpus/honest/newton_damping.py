class NewtonDamping(Trait):
    """Integer square root by Newton, used for a crude damping by age."""

    def isqrt(self, n: int) -> int:
        if n < 2:
            return n
        x = n
        y = (x + 1) // 2
        while y < x:
            x = y
            y = (x + n // x) // 2
        return x

    async def execute(self, entity):
        root = self.isqrt(entity.age)
        damping = 1.0 / (1.0 + root * 0.001)
        entity.vx *= damping
        entity.vy *= damping
