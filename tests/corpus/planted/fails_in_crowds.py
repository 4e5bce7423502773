"""Well where few live; among more than fifty others every call divides by zero."""


class FailsInCrowds(Trait):
    async def execute(self, entity):
        near = len(entity.nearby_entities(500.0))
        if near > 50:
            entity.energy = 1.0 / (near - near)
