class Tank:
    def __init__(self):
        self._level = 0.0
        self.history = []
    @property
    def level(self):
        return self._level
    @level.setter
    def level(self, value):
        self.history.append(value)
        self._level = max(0.0, min(10.0, value))
    @level.deleter
    def level(self):
        self._level = -1.0
    @property
    def full(self):
        return self.level >= 10.0
class Tanked(Trait):
    def __init__(self):
        self.tank = Tank()
    async def execute(self, entity):
        self.tank.level += entity.energy * 0.1
        if self.tank.full:
            del self.tank.level
        entity.vx = self.tank.level
        entity.vy = len(self.tank.history) * 0.5
        try:
            self.tank.full = True
        except AttributeError:
            entity.vy += 0.25
