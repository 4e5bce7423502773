# category: names; expect: refused; rule: name
class Sneaky(Trait):
    secret = 1

    def show(self):
        return secret

    async def execute(self, entity):
        self.show()
