class NonlocalCounter(Trait):
    """Counts rich and poor neighbours with a nested function."""

    async def execute(self, entity):
        rich = 0
        poor = 0

        def classify(other):
            nonlocal rich, poor
            if other.energy > entity.energy:
                rich += 1
            else:
                poor += 1

        for neighbour in entity.nearby_entities(40.0):
            classify(neighbour)
        if rich > poor:
            entity.eat(5.0)
