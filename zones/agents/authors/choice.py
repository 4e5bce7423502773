"""Which author works, and why.

Owns: looking whether a model server answers and has the model, the decision, falling back and
coming back. Does not own: the authors, telling people (the zone shows `Choice`).

A thought that fails is not thought again by another author in secret: it is told as failed, then
the choice changes, which is told too, and then it is thought anew.

Deciding is pure: a `Standing` and what happened give the next one. Back-off doubles as for any
other thing that is broken (`probe_base_s` of the kernel); a model that failed often is taken back
on trial: one more failure, and it waits twice as long.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

from Kernel.contract.errors import ConfigError
from zones.agents.authors.ollama import (
    OllamaAuthor,
    OllamaSettings,
    connected,
    make_watch,
    translated,
)
from zones.agents.authors.prompting import load_prompts
from zones.agents.authors.server_place import ServerPlace, parse_place, runs_elsewhere
from zones.agents.thoughts import (
    Author,
    AuthorFailed,
    Brief,
    Draft,
    Failure,
    Lab,
    LessonText,
    Plan,
    Review,
    Stop,
    Story,
    Thought,
)

Wanted = Literal["auto", "ollama", "genetic", "recorded"]
PROBE_S: Final = 2.0
"""So long a look at the server takes at most."""
BASE_S: Final = 10.0
CAP_S: Final = 300.0
WELL_S: Final = 60.0
"""Between two looks at a server that is well: it may go while nobody thinks."""
FAILURES_MAX: Final = 3
"""In a row; then the offline author takes over."""
OFFLINE: Final = "offline author in use"
_AS_SAID: Final = "as agents.author says"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at the server has found.

    Args:
        why: what is wrong, as it may begin a sentence: "no Ollama at 127.0.0.1:11434"; "" if well.
    """

    why: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which author works.

    Args:
        why: a sentence for people.
        hint: the command that mends what is degraded, or "".
        degraded: what was wanted does not work.
    """

    author: str
    why: str
    hint: str = ""
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the choice stands.

    Args:
        failures: of the model in a row.
        wait_s: until the server is looked at again, the next time something is wrong.
        look_s: when it is looked at again, in monotonic seconds; inf: never.
    """

    choice: Choice
    failures: int = 0
    wait_s: float = BASE_S
    look_s: float = 0.0


def begin(wanted: Wanted) -> Standing:
    """Return the standing before anything was looked at."""
    if wanted in ("genetic", "recorded"):
        return Standing(Choice(wanted, _AS_SAID), look_s=float("inf"))
    first = "ollama" if wanted == "ollama" else "genetic"
    return Standing(Choice(first, "no model server was looked for yet"))


def after_probe(
    standing: Standing, wanted: Wanted, server: str, model: str, probe: Probe, now_s: float
) -> Standing:
    """Return the standing after a look at the server."""
    if not probe.why:
        why = f"{model} of {server}" if wanted == "auto" else _AS_SAID
        # Who failed too often is on trial: its failures still count, but for one.
        failures = min(standing.failures, FAILURES_MAX - 1)
        wait_s = standing.wait_s if failures else BASE_S
        return Standing(Choice("ollama", why), failures, wait_s, now_s + WELL_S)
    return _away(standing, wanted, probe.why, probe.hint, now_s)


def after_answer(standing: Standing) -> Standing:
    """Return the standing after the model has given a good answer."""
    choice = standing.choice
    if choice.degraded and choice.author == "ollama":
        choice = Choice("ollama", _AS_SAID)
    return replace(standing, choice=choice, failures=0, wait_s=BASE_S)


def after_failure(
    standing: Standing, wanted: Wanted, model: str, error: AuthorFailed, now_s: float
) -> Standing:
    """Return the standing after the model has failed."""
    failures = standing.failures + 1
    counted = replace(standing, failures=failures)
    if failures < FAILURES_MAX:
        # Who is not there any more is looked for at once: that tells what is missing.
        return replace(counted, look_s=now_s) if error.how == "absent" else counted
    told = error.message.removeprefix("cannot ")
    why = f"{model} has failed {failures} times in a row, last: cannot {told}"
    return _away(replace(counted, failures=FAILURES_MAX), wanted, why, error.hint, now_s)


def _away(standing: Standing, wanted: Wanted, why: str, hint: str, now_s: float) -> Standing:
    """Return the standing while the model is of no use."""
    choice = (
        Choice("ollama", f"{why}; nobody thinks meanwhile", hint, degraded=True)
        if wanted == "ollama"
        else Choice("genetic", f"{why}; {OFFLINE}", hint, degraded=True)
    )
    wait_s = min(2 * standing.wait_s, CAP_S)
    return replace(standing, choice=choice, wait_s=wait_s, look_s=now_s + standing.wait_s)


def probe_server(settings: OllamaSettings, stop: Stop, now: Callable[[], float]) -> Probe:
    """Look whether the server answers and has the model.

    Raises:
        Cancelled: nobody wants to know any more.
    """
    brief = replace(settings, total_s=PROBE_S, connect_s=PROBE_S, silence_s=PROBE_S)
    watch = make_watch(brief, stop, now)
    try:
        with connected(brief.place, watch) as client, translated(brief, watch):
            models = [each.model or "" for each in client.list().models]
    except AuthorFailed as error:
        why = error.message.removeprefix("cannot ask: ")
        return Probe(why, error.hint)
    if _whole_name(settings.model) in map(_whole_name, models):
        return Probe()
    return Probe(
        f"{settings.server} has no model {settings.model}", f"ollama pull {settings.model}"
    )


def _whole_name(model: str) -> str:
    """Return a model's name with its tag, as the server lists it."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


class AuthorChoice:
    """Who works at present. Looking and thinking may be two threads."""

    def __init__(
        self,
        wanted: Wanted,
        authors: Mapping[str, Author],
        server: str,
        model: str,
        probe: Callable[[Stop], Probe],
        now: Callable[[], float],
    ) -> None:
        """Make it; nothing is looked at yet.

        Args:
            authors: by name; one that is missing cannot think.
            server: as messages name it.
            probe: looks at the server.
            now: monotonic seconds.
        """
        self._wanted: Wanted = wanted
        self._authors = {name: _Noted(author, self) for name, author in authors.items()}
        self._server = server
        self._model = model
        self._probe = probe
        self._now = now
        self._lock = threading.Lock()
        self._standing = begin(wanted)

    @property
    def choice(self) -> Choice:
        """Return who works, and why."""
        return self._standing.choice

    @property
    def author(self) -> Author | None:
        """Return who works, None if nobody can. How his thoughts end is noted."""
        return self._authors.get(self.choice.author)

    @property
    def model(self) -> str:
        """Return the model that works, "" if none does."""
        return self._model if self.choice.author == "ollama" else ""

    def look(self, stop: Stop) -> Choice:
        """Look at the server if it is time, and return who works. It may block for PROBE_S.

        Raises:
            Cancelled: it is not wanted any more.
        """
        if self._now() >= self._standing.look_s:
            found = self._probe(stop)
            with self._lock:
                self._standing = after_probe(
                    self._standing, self._wanted, self._server, self._model, found, self._now()
                )
        return self.choice

    def note(self, author: str, error: AuthorFailed | None) -> None:
        """Take in how a thought of an author has ended; None: well."""
        if author != "ollama":
            return
        with self._lock:
            if error is None:
                self._standing = after_answer(self._standing)
            else:
                self._standing = after_failure(
                    self._standing, self._wanted, self._model, error, self._now()
                )


class _Noted:
    """An author of whose thoughts is noted how they end."""

    def __init__(self, author: Author, choice: AuthorChoice) -> None:
        self._author = author
        self._choice = choice

    @property
    def name(self) -> str:
        """Return the author's name."""
        return self._author.name

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect."""
        return self._noted(lambda: self._author.plan(brief, lab, stop))

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder."""
        return self._noted(lambda: self._author.write(brief, plan, failures, lab, stop))

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer."""
        return self._noted(lambda: self._author.review(brief, plan, draft, stop))

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian."""
        return self._noted(lambda: self._author.summarise(story, stop))

    def _noted(self, think: Callable[[], Thought[Value]]) -> Thought[Value]:
        try:
            thought = think()
        except AuthorFailed as error:
            self._choice.note(self.name, error)
            raise
        self._choice.note(self.name, None)
        return thought


def make_choice(
    wanted: Wanted,
    host: str,
    model: str,
    timeout_s: float,
    genetic: Author,
    recording: Callable[[], Author],
    now: Callable[[], float],
) -> AuthorChoice:
    """Return the choice between all authors there are, as the settings say.

    Args:
        host: `ollama_host`; one that may not be asked is a server that is not there.
        recording: makes the author `recorded`; it is called only if he is wanted.
        now: monotonic seconds.

    Raises:
        ConfigError: the recording or a prompt is wrong.
        OSError: the recording cannot be read.
    """
    authors: dict[str, Author] = {"genetic": genetic}
    if wanted == "recorded":
        authors["recorded"] = recording()
    try:
        settings = OllamaSettings(_checked_place(host, model), model, timeout_s)
    except ConfigError as error:
        found = Probe(error.message, error.hint)
        return AuthorChoice(wanted, authors, host, model, lambda _: found, now)
    authors["ollama"] = OllamaAuthor(settings, load_prompts(), now)
    return AuthorChoice(
        wanted,
        authors,
        settings.server,
        model,
        lambda stop: probe_server(settings, stop, now),
        now,
    )


def _checked_place(host: str, model: str) -> ServerPlace:
    """Return where the server is; what is sent there stays on this machine.

    Raises:
        ConfigError: it would not.
    """
    if runs_elsewhere(model):
        raise ConfigError(
            f"cannot use model {model}: Ollama has it run by others; nothing is sent there",
            "a model without 'cloud' in its name: ollama list",
        )
    return parse_place(host)
