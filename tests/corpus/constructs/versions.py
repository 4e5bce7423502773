class T(Trait):
    async def execute(self, entity):
        x = entity.nearby_entities(30)
        x = len(x)
        x = (x, 2.5)
        x = x[0] + x[1]
        for x in (1, 2): pass
        entity.vx = x
        y = 1
        for o in entity.nearby_entities(20): y = y + 0.5
        y = "hunting" if entity.vx > 1 else "alive"
        entity.state = y
