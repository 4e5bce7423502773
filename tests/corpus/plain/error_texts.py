class Boom(Exception):
    code = 7
    def __init__(self, msg, *, hint=None):
        super().__init__(msg)
        self.hint = hint
    def __str__(self):
        return f"[{self.code}] {self.args[0]} ({self.hint})"
def attempt(fn):
    try:
        fn()
    except Exception as e:
        return f"{type(e).__name__}:{e}:{e.args!r}"
    return "ok"
def fail():
    raise Boom("x", hint="y")
def chain_():
    try:
        raise KeyError("k")
    except KeyError as e:
        raise RuntimeError("wrapped") from e
def check():
    assert 1 > 2, "not so"
class Errs(Trait):
    async def execute(self, entity):
        text = "|".join([attempt(fail), attempt(chain_), attempt(check), attempt(lambda: None),
            attempt(lambda: {}["a"]), attempt(lambda: int("q")), attempt(lambda: 1 // 0), attempt(lambda: [1][5]), attempt(lambda: next(iter([]))),
            attempt(lambda: None + 1 if False else (_ for _ in ()).throw(ValueError("t")))])
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        entity.vy = len(text) * 0.05
