class DictIter(Trait):
    async def execute(self, entity):
        d = {k: v for v, k in enumerate("hello world")}
        inv = {v: k for k, v in d.items()}
        pairs = sorted(d.items(), key=lambda kv: (-kv[1], kv[0]))
        keys = list(d)
        d.setdefault("z", 99)
        popped = d.pop("h", None), d.pop("nope", -1), d.popitem()
        text = f"{pairs}{keys}{inv}{popped}{d}{list(d.values())}{list(reversed(d))}{'e' in d}{d.get('q', 5)}{d | {'q': 1}}{dict.fromkeys('ab', 0)}{d.keys() - {'e'} == set(d) - {'e'}}{list(d.items())[0]}{sum(d.values())}{max(d, key=d.get)}{dict(a=1, b=2)}"
        total = 0
        for ch in text:
            total = (total * 31 + ord(ch)) % 100003
        entity.vx = total % 97 * 0.5
        try:
            for k in d:
                d[k + "!"] = 1
        except RuntimeError:
            entity.vy = 1.0
