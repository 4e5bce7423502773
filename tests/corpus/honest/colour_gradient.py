class ColourGradient(Trait):
    """A smooth gradient from blue to orange by energy."""

    async def execute(self, entity):
        t = max(0.0, min(1.0, entity.energy / max(1.0, entity.max_energy)))
        red = int(40 + 200 * t)
        green = int(90 + 60 * t)
        blue = int(220 - 190 * t)
        entity.color = f"#{red:02x}{green:02x}{blue:02x}"
