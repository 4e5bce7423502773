class T(Trait):
    async def execute(self, entity):
        s = 0
        for o in entity.nearby_entities(40):
            try:
                if o.age % 3 == 0: continue
                if o.age % 50 == 1: break
                s += 10 / (o.age % 4)
            except ZeroDivisionError:
                s -= 1
            except OverflowError:
                pass
        entity.vx = s / 10
