class T(Trait):
    SHADE = 128

    async def execute(self, entity):
        big = entity.age * 10**12 if entity.age % 3 else entity.age % 400 - 40
        entity.color = f"#{entity.age % 256:02x}{self.SHADE:02X}10"
        entity.vx = 1.0 if entity.color == "#108010" else 0.5
        entity.color = f"#{big:06x}"
        entity.color = f"#{big:02x}{entity.generation:02x}{big:02x}"
        if entity.age % 5 == 0:
            entity.color = f"#{entity.vx:02x}{1:02x}{2:02x}"
        if entity.age % 5 == 1:
            entity.color = f"#{entity.age > 3:02x}{1:03x}{2:03x}"
