class T(Trait):
    async def execute(self, entity):
        entity.vx = 500
        entity.move(3, 4)
        entity.eat(2)
        entity.state = "bogus name"
        if entity.age % 2: entity.vy = 1 / 0
