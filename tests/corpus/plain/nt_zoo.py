from collections import namedtuple
Point = namedtuple("Point", ["x", "y", "z"], defaults=[0.0])
class NT(Trait):
    async def execute(self, entity):
        p = Point(1.0, 2.0)
        q = p._replace(y=5.0)
        text = f"{p}{q}{p < q}{p == (1.0, 2.0, 0.0)}{p._asdict()}{Point._fields}{p + q}{p[1:]}{p.index(2.0)}{p.count(0.0)}{[*p]}{Point(*range(3))}{sorted([q, p])}{dict(zip(Point._fields, p))}{len(p)}{2.0 in p}{Point._make([7, 8, 9])}"
        x, y, z = p
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.vy = x + y * 0.1 + z
