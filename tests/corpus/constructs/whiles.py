class T(Trait):
    async def execute(self, entity):
        x = entity.age % 100
        n = 0
        while x > 1:
            if x % 2:
                x = 3 * x + 1
            else:
                x //= 2
            n += 1
            if n > 50: break
        else:
            entity.vy = 1.5
        entity.vx = n / 20
        while True:
            n -= 3
            if n % 2: continue
            if n < 0: break
        entity.radius = 2 + n / 10
