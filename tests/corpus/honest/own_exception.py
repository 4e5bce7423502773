class NothingFound(Exception):
    """Raised when the search was in vain."""


class OwnException(Trait):
    """Search with an exception of its own for 'nothing there'."""

    def find_target(self, entity, radius):
        candidates = [r for r in entity.nearby_resources(radius) if r.amount > 2.0]
        if not candidates:
            raise NothingFound(f"no food within {radius}")
        return candidates[0]

    async def execute(self, entity):
        try:
            target = self.find_target(entity, 40.0)
        except NothingFound:
            entity.vx *= 1.01
            entity.vy *= 1.01
            return
        entity.move(0.1 * (target.x - entity.x), 0.1 * (target.y - entity.y))
