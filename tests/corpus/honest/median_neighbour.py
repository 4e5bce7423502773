class MedianNeighbour(Trait):
    """Compares itself with the median energy of the neighbours."""

    async def execute(self, entity):
        energies = sorted(o.energy for o in entity.nearby_entities(50.0))
        if len(energies) < 3:
            return
        median = energies[len(energies) // 2]
        if entity.energy < median:
            entity.eat(5.0)
            entity.vx *= 0.9
            entity.vy *= 0.9
