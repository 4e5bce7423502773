from enum import Enum, IntEnum, StrEnum, Flag, IntFlag, auto, unique
class Colour(StrEnum):
    RED = "#ff0000"
    GREEN = auto()
    def shout(self):
        return self.value.upper() + self.lower()
class Pr(IntEnum):
    LO = 1
    HI = 2
@unique
class Planet(Enum):
    A = (1.0, 2.0)
    B = (3.0, 4.0)
    def __init__(self, mass, radius):
        self.mass = mass
        self.radius_ = radius
    @property
    def gravity(self):
        return self.mass / self.radius_ ** 2
    @classmethod
    def _missing_(cls, value):
        return cls.A
class Op(Enum):
    ADD = "+"
    SUB = "-"
    def apply(self, a, b):
        return a + b if self is Op.ADD else a - b
class Perm(IntFlag):
    R = 4
    W = 2
    X = 1
class EnumS(Trait):
    async def execute(self, entity):
        text = f"{Colour.RED}{Colour.GREEN!r}{Colour.RED.shout()}{Pr.HI}{Pr.HI!r}{Pr.LO + 1}{Pr(2).name}{Planet.B.gravity}{Planet((9, 9)).name}{Op('+').apply(1, 2)}{Perm.R | Perm.W}{Perm.R in (Perm.R | Perm.X)}{[m.name for m in Planet]}{Colour('#ff0000') is Colour.RED}{Colour.RED == '#ff0000'}{Pr.LO < Pr.HI}{str(Op.ADD)}{Op['SUB'].value}{list(Pr)}{len(Perm)}{Perm(5)}{Colour.RED.replace('#', '')}{Colour.RED.startswith('#')}{Colour.RED + 'x'}{Colour.RED[1:3]}{hasattr(Op, 'ADD')}{isinstance(Pr.LO, int)}{'-'.join([Colour.RED, 'a'])}{'%s' % Colour.RED}"
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.color = Colour.RED
        try:
            Op("*")
        except ValueError as e:
            entity.vy = len(str(e)) * 0.1
