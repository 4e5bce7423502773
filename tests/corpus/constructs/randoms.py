import random
class T(Trait):
    async def execute(self, entity):
        entity.vx = random.random() + random.uniform(-1, 1) + random.gauss(0, 0.1)
        entity.vy = random.randint(-3, 3) / 3 + random.randrange(5) / 7 + random.choice([1, 2, 4]) / 9
        o = entity.nearby_entities(30)
        if o: entity.radius = random.choice(o).radius
        if random.random() < 0.5: entity.radius += random.expovariate(2.0)
        try:
            entity.vy += random.randint(3, entity.age % 5)
        except ValueError:
            entity.vy -= 1
        entity.vx += random.random()
