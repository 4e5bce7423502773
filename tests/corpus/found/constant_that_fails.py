class Constant(Trait):
    MAX_TURN = 1.0(12)

    async def execute(self, entity):
        pass
