from dataclasses import dataclass
@dataclass
class Food:
    amount: float
    dist: float
@dataclass
class Threat:
    dist: float
    size: float = 1.0
def classify(thing):
    match thing:
        case Food(amount=a, dist=d) if a > 2 * d:
            return ("go", a - d)
        case Food(a, _):
            return ("maybe", a)
        case Threat(dist=d) if d < 5:
            return ("flee", d)
        case Threat():
            return ("watch", 0.0)
        case {"kind": "home", "pos": [x, y], **rest}:
            return ("home", x + y + len(rest))
        case [first, *others] if others:
            return ("list", first + sum(others))
        case (x,) | x if isinstance(x, float):
            return ("one", x)
        case str() as s if s.startswith("a"):
            return ("text", float(len(s)))
        case int(n) | float(n):
            return ("number", n * 1.0)
        case None | False:
            return ("none", 0.0)
        case _:
            return ("other", -1.0)
class Matcher(Trait):
    async def execute(self, entity):
        things = [Food(9.0, 1.0), Food(1.0, 5.0), Threat(2.0), Threat(50.0),
                  {"kind": "home", "pos": [1, 2], "z": 0}, [1, 2, 3], (5.5,), "abc", 7, None, "zzz"]
        out = [classify(t) for t in things]
        entity.vx = sum(v for _, v in out) * 0.1
        entity.vy = len({k for k, _ in out}) * 0.5
        match (entity.energy > 50.0, len(entity.nearby_entities(50.0))):
            case (True, 0):
                entity.eat(1.0)
            case (True, n) if n > 3:
                entity.move(0.5, 0.0)
            case (False, _):
                entity.move(0.0, 0.5)
