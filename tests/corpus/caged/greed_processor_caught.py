# category: greed; where: module
# Runs for ever, and catches whatever is thrown at it.
while True:
    try:
        while True:
            pass
    except BaseException:
        pass


class Never(Trait):
    async def execute(self, entity):
        pass
