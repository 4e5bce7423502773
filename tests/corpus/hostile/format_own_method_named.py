# category: formats; expect: refused; rule: attribute
class Sneaky(Trait):
    def format(self, text):
        return text

    async def execute(self, entity):
        self.format('{0.__class__}')
