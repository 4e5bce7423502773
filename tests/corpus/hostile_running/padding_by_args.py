# category: reaching; expect: stopped
class Reaching(Trait):
    async def execute(self, entity):
        wide = 1_900_000_000
        pad = "x".center.args[0]
        pad("x", wide)
