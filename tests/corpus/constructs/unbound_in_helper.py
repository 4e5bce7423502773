class T(Trait):
    def h(self, o, e):
        if o.energy > e.energy: v = 1
        return v
    async def execute(self, entity):
        s = 0.0
        for o in entity.nearby_entities(40):
            s += self.h(o, entity)
        entity.vx = s
