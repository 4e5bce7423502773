"""The zone of agents with an author of few words, for real kernels under test.

Owns: who thinks. He waits for `HOME/go` to be there where `HOME/gated` is.
"""

from collections.abc import Callable

from tests.support.fake_author import FakeAuthor
from zones.agents.choosing import Chosen
from zones.agents.service import Generation as Agents
from zones.runtime.seat import BusSeat


class Generation(Agents):
    """Agents as they are, but for their author."""

    def authors(self, seat: BusSeat) -> Callable[[], Chosen]:
        """Return him, gated where a test has asked for it."""
        place = seat.home / "data" / "agents"
        author = FakeAuthor(place / "go" if (place / "gated").exists() else None)
        return lambda: Chosen(author, "a test has told so")
