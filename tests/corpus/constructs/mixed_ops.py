class T(Trait):
    async def execute(self, entity):
        a = 3 if entity.energy > 40 else 2.5
        b = 2 if entity.age % 2 else 1.5
        c = True if entity.vx > 0 else 0
        entity.vx = a + b * a - b / a + c
        entity.vy = (a // b) + (a % b) + (a ** b) / 10
        entity.radius = abs(-a) + round(a) + int(b) + (a > b) + (a == 3) + (b != 1.5) + max(a, b, 0) + min(a, b)
        x = entity.age - 3000
        y = float(x) / 1000
        entity.vx += (x < y) + (x <= y) + (x == y) + (y > x) + (x > 2.5) + (2.5 >= x)
