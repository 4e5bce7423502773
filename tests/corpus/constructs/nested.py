class T(Trait):
    async def execute(self, entity):
        cx = 0.0
        for a in entity.nearby_entities(40):
            for b in entity.nearby_resources(20):
                if a.x > b.x: continue
                for k in range(2):
                    cx += k * (b.x - a.x)
                    if cx > 50: break
                else:
                    cx -= 1
                    continue
                break
            m = [[1, 2, 3][i] * a.vx for i in range(3)]
            cx += sum(m) + sum(x * y for x in m for y in (1, 2) if x > 0)
        entity.vx = cx / 100
