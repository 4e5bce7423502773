class Config:
    GAIN = 0.5
    LIMITS = {"x": (0.0, 400.0)}
    class Inner:
        K = 3
class Base:
    n = 0
    def __init__(self):
        self.__secret = 5
    def reveal(self):
        return self.__secret + self.n
class Sub(Base):
    n = 10
    def __init__(self):
        super().__init__()
        self.__secret = 50
    def both(self):
        return self.reveal() + self.__secret
class Attr(Trait):
    gain = Config.GAIN * 2
    async def execute(self, entity):
        s = Sub()
        before = s.n
        s.n += 1
        after = Sub.n
        del s.n
        entity.vx = s.both() * 0.1 + before + after + s.n
        lo, hi = Config.LIMITS["x"]
        entity.vy = self.gain * Config.Inner.K
        entity.move((lo + hi) / 2 - entity.x, 0.0)
