class Custom(ValueError):
    pass
def steps():
    log = []
    def risky(n):
        try:
            log.append(f"t{n}")
            if n == 1:
                raise Custom("one", n)
            if n == 2:
                return "r"
            if n == 3:
                {}["missing"]
            if n == 4:
                [][0]
            if n == 5:
                1 / 0
            if n == 6:
                int("x")
        except Custom as e:
            log.append(f"c{e.args[1]}")
        except (KeyError, IndexError) as e:
            log.append(type(e).__name__[0])
            return str(e)
        except ArithmeticError:
            log.append("a")
            raise ValueError("bad") from None
        except ValueError:
            log.append("v")
        else:
            log.append("e")
        finally:
            log.append("f")
        return ""
    out = []
    for n in range(7):
        try:
            out.append(risky(n) or "-")
        except ValueError as e:
            out.append(str(e))
    while True:
        try:
            break
        finally:
            log.append("b")
    for i in range(3):
        try:
            if i == 1:
                continue
            log.append(str(i))
        finally:
            log.append(".")
    return "".join(log) + "|" + "".join(out)
class Tryer(Trait):
    async def execute(self, entity):
        text = steps()
        total = 0
        for place, ch in enumerate(text):
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.vy = len(text) * 0.1
