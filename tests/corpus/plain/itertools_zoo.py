import itertools
from itertools import accumulate, chain, combinations, groupby, islice, pairwise, product, takewhile, zip_longest, starmap, count, cycle, repeat
class Iter(Trait):
    async def execute(self, entity):
        e = [o.energy for o in entity.nearby_entities(80.0)][:6]
        acc = list(accumulate(e))
        gaps = [b - a for a, b in pairwise(acc)]
        groups = {k: len(list(g)) for k, g in groupby(sorted(int(v) // 20 for v in e))}
        pairs = sum(abs(a - b) for a, b in combinations(e, 2))
        grid = [(a, b) for a, b in product(range(3), repeat=2) if a != b]
        first = list(islice(count(1), 3)) + list(islice(cycle("ab"), 3))
        z = list(zip_longest([1, 2], [3], fillvalue=0))
        s = sum(starmap(lambda a, b: a * b, z)) + sum(repeat(2, 3))
        t = list(takewhile(lambda v: v < 3, itertools.count()))
        entity.vx = (sum(gaps) + pairs * 0.01 + len(groups)) * 0.05
        entity.vy = len(grid) * 0.1 + s * 0.01 + len(list(chain(first, t))) * 0.1
