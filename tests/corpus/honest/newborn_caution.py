class NewbornCaution(Trait):
    """Newborns stay put and eat; adolescents explore; adults do as they like."""

    async def execute(self, entity):
        age = entity.age
        if age < 100:
            entity.vx = 0
            entity.vy = 0
            entity.eat(1)
        elif age < 600:
            entity.vx *= 1.05
            entity.vy *= 1.05
            entity.eat(3)
        else:
            pass
