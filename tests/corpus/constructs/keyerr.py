W = {'food': 0.5, 'crowd': 2}
class T(Trait):
    async def execute(self, entity):
        entity.vx = 1
        entity.vy = W["nope"]
