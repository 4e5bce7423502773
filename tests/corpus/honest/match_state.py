class MatchState(Trait):
    """Structural pattern matching over the state of the entity."""

    async def execute(self, entity):
        match entity.state:
            case "hungry":
                entity.eat(5.0)
                if entity.energy > 70:
                    entity.state = "alive"
            case "tired":
                entity.vx *= 0.5
                entity.vy *= 0.5
                if entity.energy > 50:
                    entity.state = "alive"
            case _:
                if entity.energy < 20:
                    entity.state = "tired"
                elif entity.energy < 50:
                    entity.state = "hungry"
