# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        n = float('nan')
        entity.x = entity.y = entity.vx = entity.energy = n
        entity.move(n, n)
        entity.eat(n)
