seen_total = 0
calls_total = 0


class GlobalCensus(Trait):
    """A module-wide running mean of how many neighbours anybody sees."""

    async def execute(self, entity):
        global seen_total, calls_total
        count = len(entity.nearby_entities(30.0))
        seen_total += count
        calls_total += 1
        if count > 2 * seen_total / calls_total:
            entity.vx *= 1.2
            entity.vy *= 1.2
