# category: too-large; expect: refused; rule: endless
class Sneaky(Trait):
    async def execute(self, entity):
        while True:
            for i in range(3):
                break
