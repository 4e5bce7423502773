class T(Trait):
    async def execute(self, entity):
        a = 2 ** 62
        b = entity.age - 3000
        x = a + a - 1
        y = -a - a
        entity.vx = (x > 9.2e18) + (x < float("inf")) + (y == -2.0 ** 63) + (x == 2.0 ** 63) + (a + b > a) + (a + 0.0 == a + 1)
        z = x // -1
        entity.vy = (y // 3) % 5 + x % 1000 / 1000 + (a * 2 if b > 0 else 0) % 3
