class Budget:
    def __init__(self, limit):
        self.limit = limit
        self.used = 0.0
        self.log = []
    def __enter__(self):
        self.log.append("in")
        return self
    def __exit__(self, exc_type, exc, tb):
        self.log.append("out")
        return exc_type is not None and issubclass(exc_type, OverBudget)
    def spend(self, amount):
        if self.used + amount > self.limit:
            raise OverBudget(f"{amount:.1f} is too much", amount)
        self.used += amount

class OverBudget(Exception):
    def __init__(self, message, amount):
        super().__init__(message)
        self.amount = amount

class Thrifty(Trait):
    async def execute(self, entity):
        with Budget(3.0) as b, Budget(1.0) as c:
            for _ in range(5):
                b.spend(1.0)
                c.spend(0.25)
        try:
            c.spend(99.0)
        except OverBudget as err:
            entity.vx = err.amount * 0.01
            note = str(err)
        else:
            note = ""
        finally:
            entity.vy = b.used + c.used * 0.1
        entity.radius = 1.0 + len(b.log) * 0.1 + len(note) * 0.01
