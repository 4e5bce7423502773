# category: greed; where: execute
# One call that takes a processor for ever.
class Spinner(Trait):
    async def execute(self, entity):
        sum(range(10**15))
