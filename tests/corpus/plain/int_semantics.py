class Ints(Trait):
    async def execute(self, entity):
        vals = [7 // -2, -7 // 2, 7 % -3, -7 % 3, 2 ** 10, 5 / 2, int(-3.7), round(2.5), round(3.5), round(-1.5), abs(-3), 1 << 5, ~5, 6 ^ 3,
                divmod(-7, 2)[0], divmod(-7, 2)[1], int("0x1f", 16), int(True), max(1, 2.5), min(-0.0, 0.0), 10 ** -1, pow(3, 4, 7), bool([]), 3 > 2 > 1]
        total = 0.0
        for i, v in enumerate(vals):
            total += v * (i + 1)
        entity.vx = total % 50.0
        entity.vy = sum(1 for v in vals if isinstance(v, int)) * 0.1
