class FollowRichest(Trait):
    """The neighbour with the most energy surely knows where food is."""

    async def execute(self, entity):
        neighbours = entity.nearby_entities(70.0)
        if not neighbours:
            return
        leader = max(neighbours, key=lambda other: other.energy)
        if leader.energy <= entity.energy:
            return
        entity.move((leader.x - entity.x) * 0.03, (leader.y - entity.y) * 0.03)
