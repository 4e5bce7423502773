class PoliteEater(Trait):
    """Lets hungrier neighbours eat first."""

    async def execute(self, entity):
        mine = entity.energy / entity.max_energy if entity.max_energy > 0 else 1.0
        hungrier = 0
        for other in entity.nearby_entities(10.0):
            theirs = other.energy / other.max_energy if other.max_energy > 0 else 1.0
            if theirs < mine:
                hungrier += 1
        entity.eat(5.0 / (1 + hungrier))
