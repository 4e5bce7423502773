class MoodMachine(Trait):
    """A state machine over entity.state: foraging, fleeing, resting."""

    async def execute(self, entity):
        crowd = len(entity.nearby_entities(20))
        if entity.state == "fleeing":
            if crowd < 3:
                entity.state = "foraging"
        elif entity.state == "resting":
            if entity.energy < 40:
                entity.state = "foraging"
        elif crowd > 8:
            entity.state = "fleeing"
        elif entity.energy > 80:
            entity.state = "resting"
        else:
            entity.state = "foraging"

        if entity.state == "foraging":
            entity.eat(4.0)
        elif entity.state == "fleeing":
            entity.vx *= 1.2
            entity.vy *= 1.2
        else:
            entity.vx *= 0.5
            entity.vy *= 0.5
