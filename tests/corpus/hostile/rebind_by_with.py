# category: rebinding; expect: refused; rule: rebinding
class L:
    def __enter__(self):
        return 1

    def __exit__(self, *rest):
        return None


class Sneaky(Trait):
    async def execute(self, entity):
        with L() as exec:
            pass
