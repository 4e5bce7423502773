from collections import deque, Counter, defaultdict, OrderedDict, ChainMap

class Remember(Trait):
    def __init__(self):
        self.trail = deque(maxlen=5)
        self.counts = Counter()
        self.cells = defaultdict(list)
        self.order = OrderedDict()

    async def execute(self, entity):
        cell = (int(entity.x // 50), int(entity.y // 50))
        self.trail.append(cell)
        self.counts[cell] += 1
        self.counts.update([cell, cell])
        self.cells[cell].append(round(entity.energy, 2))
        self.order[cell] = len(self.trail)
        self.order.move_to_end(cell)
        if len(self.order) > 3:
            self.order.popitem(last=False)
        common = self.counts.most_common(2)
        (best, n), *rest = common
        prefs = ChainMap({"speed": 0.5}, {"speed": 1.0, "turn": 0.1})
        entity.vx = prefs["speed"] * (best[0] - cell[0]) + prefs["turn"] * n
        entity.vy = sum(len(v) for v in self.cells.values()) * 0.01
        total = self.counts + Counter({cell: 2})
        left = total - self.counts
        entity.radius = min(5.0, 1.0 + 0.1 * left[cell])
