class T(Trait):
    async def execute(self, entity):
        match entity.age % 6:
            case 0: v = 1
            case 1 | 2: v = 2
            case k if k > 4: v = k * 0.5
            case _: v = 0
        match entity.state:
            case "hunting": v += 1
            case "alive" | "fleeing": v += 2
        entity.vx = v
