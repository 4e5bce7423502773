# category: coroutines; expect: refused; rule: trait
class Sneaky(Trait):
    def execute(self, entity):
        pass
