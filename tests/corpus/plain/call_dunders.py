class Angle:
    def __init__(self, deg):
        self.deg = deg % 360
    def __add__(self, o):
        return Angle(self.deg + (o.deg if isinstance(o, Angle) else o))
    def __radd__(self, o):
        return self + o
    def __iadd__(self, o):
        self.deg = (self.deg + o) % 360
        return self
    def __sub__(self, o):
        return Angle(self.deg - o.deg)
    def __float__(self):
        return float(self.deg)
    def __int__(self):
        return int(self.deg)
    def __round__(self, n=0):
        return round(self.deg, n)
    def __pos__(self):
        return self
    def __invert__(self):
        return Angle(self.deg + 180)
    def __mod__(self, k):
        return Angle(self.deg % k)
    def __floordiv__(self, k):
        return self.deg // k
    def __pow__(self, k):
        return self.deg ** k
    def __divmod__(self, k):
        return divmod(self.deg, k)
    def __format__(self, spec):
        return format(self.deg, ".1f") + (spec or "d")
    def __call__(self, k):
        return self.deg * k
    def __reversed__(self):
        return iter([3, 2, 1])
    def __le__(self, o):
        return self.deg <= o.deg
class Ang(Trait):
    async def execute(self, entity):
        a = Angle(350)
        a += 20
        b = sum([a, Angle(5)], 0)
        text = f"{a:x}{b}{float(a)}{int(~a)}{round(b, 1)}{+a}{a % 7}{b // 4}{a ** 2}{divmod(b, 7)}{a(2)}{list(reversed(a))}{a <= b}{a >= b}{(a - b):q}"
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
