class Inventory(dict):
    def __missing__(self, key):
        return 0
    def __setitem__(self, key, value):
        super().__setitem__(key, max(0, value))
    def add(self, key, n=1):
        self[key] = self[key] + n
        return self
class Inv(Trait):
    async def execute(self, entity):
        inv = Inventory(a=1)
        inv.add("food").add("food", 3)
        inv["debt"] = -5
        entity.vx = inv["food"] + inv["nothing"] + len(inv) * 0.1
        entity.vy = float(sum(inv.values())) + ("debt" in inv)
        entity.radius = 1.0 + (inv == {"a": 1, "food": 4, "debt": 0})
