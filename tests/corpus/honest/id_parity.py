class IdParity(Trait):
    """Half of the population goes left, half right, by the id."""

    async def execute(self, entity):
        parity = sum(ord(c) for c in entity.id) % 2
        if entity.age < 50:
            entity.vx += 0.1 if parity == 0 else -0.1
