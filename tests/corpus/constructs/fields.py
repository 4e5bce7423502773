class T(Trait):
    async def execute(self, entity):
        o = entity.nearby_entities(30)
        if o:
            a = o[0]
            entity.vx = a.x + a.y - a.vx * a.vy + a.energy / a.max_energy + a.radius + a.age % 7 + a.generation
            if a is not None and a != entity and entity.id != a.id: entity.vy = 1
        r = entity.nearby_resources(30)
        if r: entity.vy += r[0].x - r[0].y + r[-1].amount; entity.radius = 1 + (r[0] == r[-1])
