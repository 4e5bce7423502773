class T(Trait):
    async def execute(self, entity):
        n = entity.nearby_entities(50)
        i = 0
        while i < len(n):
            if n[i].energy > 60: break
            i += 1
        entity.vx = i / 10
        if i < len(n): entity.vy = n[i].vx
