# category: class-bodies; expect: refused; rule: class-body
class Sneaky(Trait):
    assert True

    async def execute(self, entity):
        pass
