def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
def flat(xs):
    out = []
    for x in xs:
        if isinstance(x, list):
            out.extend(flat(x))
        else:
            out.append(x)
    return out
def perms(xs):
    if not xs:
        yield []
        return
    for i, x in enumerate(xs):
        for rest in perms(xs[:i] + xs[i + 1:]):
            yield [x, *rest]
class Rec(Trait):
    async def execute(self, entity):
        entity.vx = depth(20) * 0.1
        entity.vy = sum(flat([1, [2, [3, [4]]]])) + len(list(perms([1, 2, 3]))) * 0.1
