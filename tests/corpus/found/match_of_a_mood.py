class Matches(Trait):
    async def execute(self, entity):
        match entity.state:
            case "a" | "fleeing":
                pass
            case _:
                entity.radius -= 1.0
