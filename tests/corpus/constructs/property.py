class T(Trait):
    @property
    def speed(self): return 0.5
    @classmethod
    def twice(cls, e): return e.vx * 2 * cls.M
    M = 3
    async def execute(self, entity):
        entity.vx = self.speed + self.twice(entity)
