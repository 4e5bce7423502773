import math
class T(Trait):
    async def execute(self, entity):
        x = entity.x / 50 - 3
        y = entity.y / 100 - 1
        t = math.sin(x) + math.cos(y) + math.atan2(y, x) + math.hypot(x, y) + math.exp(-x * x) + math.tanh(x)
        t += math.floor(x) + math.ceil(y) + math.trunc(x * y) + math.copysign(1, x) + math.fmod(x, 0.7)
        t += math.degrees(x) / 100 + math.radians(y) + math.pi + math.tau - math.e
        t += math.sqrt(abs(x)) + abs(y) ** 0.5 + x ** 2 + x ** 3 + y ** -1 + 2 ** y + math.log(1 + abs(x)) + math.log(abs(y) + 1, 2)
        t += math.dist((x, y), (1, 2)) + math.isclose(x, y) + math.isfinite(x) + math.gcd(entity.age, 12) + math.isqrt(entity.age)
        t += round(x) + round(y, 1) + round(entity.age, -2) / 1000 + int(x * 10) / 10 + divmod(entity.age, 7)[1] + pow(x, 2)
        t += x // 0.3 + x % 0.3 + entity.age // 7 % 5 + (entity.age - 3000) % 7 + (entity.age - 3000) // 7 / 100
        t += (entity.age << 2) % 5 + (entity.age >> 1) % 3 + (entity.age & 5) + (entity.age | 1) % 3 + (entity.age ^ 3) % 4 + ~entity.age % 3
        entity.vx = t / 10
        entity.vy = math.log10(x) if x > 0 else math.log2(-x + 1)
