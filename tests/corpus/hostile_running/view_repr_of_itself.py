# category: slow-operations; expect: stopped
class Shown(Trait):
    async def execute(self, entity):
        rows = {}
        for _ in range(35):
            rows = {"a": rows, "b": rows}
        str(rows.values())
