# category: frames; expect: refused; rule: attribute
class Sneaky(Trait):
    async def execute(self, entity):
        match (n for n in ()):
            case object(gi_frame=frame):
                self.frame = frame
