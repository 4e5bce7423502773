from collections import defaultdict, OrderedDict

class Union_(Trait):
    async def execute(self, entity):
        d = defaultdict(int, a=1)
        e = d | {"b": 2}
        e["c"] += 5
        e |= {"d": 4}
        o = OrderedDict(a=1, b=2)
        p = o | {"c": 3}
        p.move_to_end("a")
        entity.vx = float(sum(e.values()))
        entity.vy = float([*p].index("a"))
        first = next(iter(p.items()))
        entity.radius = float(first[1])
        keys = e.keys() & {"a", "b", "zz"}
        entity.vx += len(keys) * 0.1
        del e["a"]
        entity.vy += len(e) * 0.1 + len(dict(sorted(e.items(), key=lambda kv: -kv[1]))) * 0.01
