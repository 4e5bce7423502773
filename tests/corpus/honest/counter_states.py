from collections import Counter


class CounterStates(Trait):
    """Do as the majority does: adopt the most common mood around."""

    KNOWN = ("alive", "resting", "foraging")

    async def execute(self, entity):
        moods = Counter(o.state for o in entity.nearby_entities(45.0))
        if not moods:
            return
        mood, votes = moods.most_common(1)[0]
        if votes < 3 or mood == entity.state:
            return
        if mood == "resting":
            entity.state = "resting"
        elif mood == "foraging":
            entity.state = "foraging"
        else:
            entity.state = "alive"
