class T(Trait):
    async def execute(self, entity):
        entity.energy = entity.energy - 3
        entity.energy += 10
        entity.energy -= 500 if entity.age % 7 == 0 else 0.001
        entity.vx = entity.vx * 40
        entity.vy = float("nan") if entity.age % 5 == 0 else -1e300
        entity.max_energy = entity.age - 2000
        entity.radius = entity.vx
        entity.x += 0.7
        entity.y = entity.y - 3.5
        entity.move(0.1, -0.2)
        entity.move(float("inf"), 1)
        entity.x = 1e400
        entity.eat(3)
        entity.eat(-1)
        entity.eat(float("nan"))
        got = entity.eat(2.5)
        entity.vy = got / 10 + entity.x / 400
