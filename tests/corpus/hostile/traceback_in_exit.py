# category: frames; expect: refused; rule: attribute
class Peek:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.frame = trace.tb_frame
        return True


class Sneaky(Trait):
    async def execute(self, entity):
        with Peek() as p:
            1 / 0
