"""The authors of one process, and who of them works.

Owns: making them of the settings, the form in which the choice is shown. Does not own: the choice
(`authors/choice.py`), when it is looked at (`choosing.py`).
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from Kernel.contract.errors import ConfigError, MoltError, what_helps
from Kernel.contract.messages import Degraded
from zones.agents.authors.choice import AuthorChoice, make_choice
from zones.agents.authors.genetic.archive_file import NAME, load, save
from zones.agents.authors.genetic.author import GeneticAuthor
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.authors.recorded import RecordedAuthor, parse_recording
from zones.agents.choosing import Chosen
from zones.agents.memory_file import PLACE
from zones.agents.settings import AgentsSettings
from zones.agents.thoughts import Author, Brief, Cancelled, Draft, Failure, Lab, Plan, Stop, Thought

WHAT: Final = "agents"


class Authorship:
    """All authors that there are.

    Args:
        offline: makes the embedded author.
        now_s: monotonic seconds.
    """

    def __init__(
        self,
        settings: AgentsSettings,
        home: Path,
        offline: Callable[[], Author],
        now_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._home = home
        self._offline = offline
        self._now_s = now_s
        self._choice: AuthorChoice | None = None

    def choose(self) -> Chosen:
        """Return who works at present; it may block for some seconds."""
        try:
            made = self._choice or self._make()
            choice = made.look(lambda: False)
        except Cancelled:
            raise AssertionError("nobody has given this look up") from None
        except MoltError as error:
            return _nobody(error.message, error.hint)
        except OSError as error:
            place = self._home / self._settings.recorded_file
            return _nobody(f"cannot read {place}: {error.strerror}", what_helps(error, place))
        self._choice = made
        degraded = None
        if choice.degraded:
            degraded = Degraded(WHAT, choice.why, choice.hint)
        return Chosen(made.author, choice.why, choice.hint, made.model, degraded)

    def _make(self) -> AuthorChoice:
        """Make them all; again until it goes well.

        Raises:
            ConfigError: a recording or a prompt is wrong.
            OSError: the recording cannot be read.
        """
        settings = self._settings
        return make_choice(
            settings.wanted,
            settings.ollama_host,
            settings.model,
            settings.llm_timeout_sec,
            self._offline(),
            self._recording,
            self._now_s,
        )

    def _recording(self) -> Author:
        path = self._home / self._settings.recorded_file
        if path.exists() and not path.is_file():  # a pipe would never be opened, a device not end
            raise ConfigError(f"cannot read {path}: it is no plain file", f"ls -l {path}")
        with path.open("rb") as file:
            return RecordedAuthor(parse_recording(file, path.name), path.name)


def _nobody(why: str, hint: str) -> Chosen:
    return Chosen(None, why, hint, degraded=Degraded(WHAT, why, hint))


class OfflineAuthor(GeneticAuthor):
    """The embedded author, whose finds are kept in a file, so that missions learn from each other.

    Args:
        seed: of the world.
        settings: how much it may try.
    """

    def __init__(self, home: Path, seed: int, settings: GeneticSettings) -> None:
        path = home / PLACE / NAME
        archive, self.note = load(path)
        super().__init__(seed, archive, settings)
        self._path = path

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder, and keep what was found on the way."""
        try:
            return super().write(brief, plan, failures, lab, stop)
        finally:
            with contextlib.suppress(OSError):  # it costs a few trials
                self._path.parent.mkdir(parents=True, exist_ok=True)
                save(self.archive, self._path)
