# category: dunders; expect: refused; rule: dunder
class Odd:
    def __del__(self):
        while True:
            self.x = 1
            if self.x > 2:
                break


class Sneaky(Trait):
    async def execute(self, entity):
        Odd()
