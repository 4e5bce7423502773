"""The author that asks a model of an Ollama server on this machine.

Owns: one question and its answer, the repair round, what is counted. Does not own: the bytes on the
wire (`wire.py`), what is asked (`prompting.py`), what an answer means (`answers.py`), whether this
author is used at all (`choice.py`).

Nothing of the server is trusted. It gets one repair round for a thought: the model is told what was
wrong with its answer, once. Everything else that goes wrong ends the thought.
"""

import contextlib
import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpcore
import httpx
import msgspec
import ollama

from zones.agents.authors import answers
from zones.agents.authors.prompting import (
    Prompts,
    architect_values,
    coder_values,
    historian_values,
    messages_of,
    reviewer_values,
)
from zones.agents.authors.server_place import ServerPlace
from zones.agents.authors.wire import Limits, Watch, WatchedTransport
from zones.agents.thoughts import (
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

CONTEXT_TOKENS: Final = 8192
ANSWER_TOKENS: Final = 2048
REPAIRS_MAX: Final = 1
_QUOTED_MAX: Final = 2000
"""Characters of a bad answer that the model is shown again."""
_COUNT_MAX: Final = 10**9
_PROTOCOL_ERRORS: Final = (
    httpcore.ProtocolError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)

Form = TypeVar("Form", answers.PlanForm, answers.DraftForm, answers.ReviewForm, answers.LessonsForm)
Value = TypeVar("Value")
Messages = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class OllamaSettings:
    """Which server and model, and how it is asked.

    Args:
        total_s: for a thought with its repair round; `llm_timeout_sec` of the settings.
        temperature: 0 always the likeliest word, 1 as the model was trained.
    """

    place: ServerPlace
    model: str = "llama3:8b"
    total_s: float = 120.0
    connect_s: float = 2.0
    silence_s: float = 30.0
    temperature: float = 0.4
    answer_tokens: int = ANSWER_TOKENS
    context_tokens: int = CONTEXT_TOKENS

    @property
    def server(self) -> str:
        """Return the server as messages name it."""
        return f"Ollama at {self.place}"


@dataclass(slots=True)
class Counts:
    """What an author has seen since it was made."""

    thoughts: int = 0
    answers: int = 0
    repairs: int = 0
    tokens: int = 0
    failures: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a model has said.

    Args:
        cut: it had more to say than it may.
    """

    text: str
    tokens: int
    cut: bool = False


class OllamaAuthor:
    """An author that is a model."""

    def __init__(
        self, settings: OllamaSettings, prompts: Prompts, now: Callable[[], float]
    ) -> None:
        """Make it; nothing is asked yet.

        Args:
            now: monotonic seconds.
        """
        self._settings = settings
        self._prompts = prompts
        self._now = now
        self.counts = Counts()
        # The seed is of the question, so that a thought can be had again, and of how often in a
        # row the answers were useless, so that the same question is not answered so for ever.
        self._again = 0

    @property
    def name(self) -> str:
        """Return "ollama"."""
        return "ollama"

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect."""
        return self._think(
            "architect",
            architect_values(brief),
            answers.PlanForm,
            lambda form: answers.plan_of(form, brief),
            stop,
            tuple(parameter.name for parameter in brief.parameters),
        )

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder."""
        return self._think(
            "coder",
            coder_values(brief, plan, failures),
            answers.DraftForm,
            lambda form: answers.draft_of(form, plan),
            stop,
        )

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer."""
        return self._think(
            "reviewer",
            reviewer_values(brief, plan, draft),
            answers.ReviewForm,
            answers.review_of,
            stop,
        )

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian."""
        return self._think(
            "historian", historian_values(story), answers.LessonsForm, answers.lessons_of, stop
        )

    def _think(
        self,
        role: str,
        values: Mapping[str, str],
        form: type[Form],
        value_of: Callable[[Form], Value],
        stop: Stop,
        params: tuple[str, ...] = (),
    ) -> Thought[Value]:
        """Ask, read, and ask once more if the answer is not of the form."""
        prompt = self._prompts.by_role[role]
        messages: Messages = messages_of(prompt, values)
        schema = answers.schema_of(form, params)
        watch = make_watch(self._settings, stop, self._now)
        began_s = self._now()
        self.counts.thoughts += 1
        tokens, repairs = 0, 0
        try:
            while True:
                answer: _Answer = self._ask(messages, schema, watch)
                tokens += answer.tokens
                try:
                    if answer.cut:
                        raise answers.AnswerFault(
                            f"it was cut off after {self._settings.answer_tokens} tokens, be brief"
                        )
                    read = answers.read_answer(answer.text, form)
                    thought = _thought(value_of(read), read, messages)
                except answers.AnswerFault as error:
                    why: str = answers.clean(str(error), answers.LINE_MAX)
                    if repairs == REPAIRS_MAX:
                        raise self._nonsense(role, why) from error
                    repairs += 1
                    self.counts.repairs += 1
                    messages = [*messages, *_complaint(answer.text, why)]
                    continue
                self._again = 0
                return dataclasses.replace(
                    thought,
                    model=self._settings.model,
                    prompt_version=prompt.version + (", repaired" if repairs else ""),
                    tokens=tokens,
                    seconds=self._now() - began_s,
                )
        except AuthorFailed as error:
            self.counts.failures[error.how] += 1
            raise

    def _nonsense(self, role: str, why: str) -> AuthorFailed:
        """Return the end of a thought whose repair was no better."""
        self._again += 1
        return AuthorFailed(
            f"cannot use the answer of {self._settings.model} as {role}: {why}",
            "another model: agents.ollama_model",
            "nonsense",
        )

    def _ask(self, messages: Messages, schema: dict[str, Any], watch: Watch) -> _Answer:
        """Return the text of one answer."""
        settings = self._settings
        with connected(settings.place, watch) as client:
            # `think` is not said: with false, some models do not keep to the format (ollama#15260).
            stream = client.chat(
                settings.model,
                messages,
                stream=True,
                format=schema,
                options={
                    "temperature": settings.temperature,
                    "seed": int(hash_of(messages)[:7], 16) + self._again,
                    "num_predict": settings.answer_tokens,
                    "num_ctx": settings.context_tokens,
                },
            )
            assert isinstance(stream, Iterator)
            with translated(settings, watch), contextlib.closing(_generator(stream)) as parts:
                answer = _collected(parts, settings)
        self.counts.answers += 1
        self.counts.tokens += answer.tokens
        return answer


def make_watch(settings: OllamaSettings, stop: Stop, now: Callable[[], float]) -> Watch:
    """Return the watch over one thought."""
    limits = Limits(settings.connect_s, settings.silence_s, settings.total_s)
    return Watch(settings.server, stop, now, limits, now() + settings.total_s)


@contextlib.contextmanager
def connected(place: ServerPlace, watch: Watch) -> Iterator[ollama.Client]:
    """Give a client that speaks to this place alone, and by nobody's proxy."""
    transport = WatchedTransport(watch)
    client = ollama.Client(
        place.url, transport=transport, trust_env=False, follow_redirects=False, timeout=None
    )
    try:
        yield client
    finally:
        # Not client.close(): releases of this client before 0.6.1 have none.
        transport.close()


@contextlib.contextmanager
def translated(settings: OllamaSettings, watch: Watch) -> Iterator[None]:
    """Turn what the client raises at a bad answer into AuthorFailed."""
    try:
        yield
    except ollama.ResponseError as error:
        raise _refused(settings, error) from error
    except (httpx.HTTPError, httpx.StreamError, *_PROTOCOL_ERRORS) as error:
        raise AuthorFailed(
            f"cannot use the answer of {watch.what}: it breaks off, or is no HTTP ({_told(error)})",
            "ollama ps",
        ) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # The client reads a line without looking at what it is: a list has no `get`, and so on.
        raise AuthorFailed(
            f"cannot use the answer of {watch.what}: it is not Ollama's ({_told(error)})",
            "another program may have this port: ollama --version",
        ) from error


def hash_of(messages: Messages) -> str:
    """Return the sha256, in hex, of messages exactly as they are sent."""
    text = json.dumps(messages, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _generator(stream: Iterator[ollama.ChatResponse]) -> Any:
    """Return a stream as what it is: its type does not say that it can be closed."""
    return stream


def _collected(parts: Iterator[ollama.ChatResponse], settings: OllamaSettings) -> _Answer:
    """Put an answer together, to the part that says it is done; what follows is not read."""
    pieces: list[str] = []
    size = 0
    for part in parts:
        piece = part.message.content or ""
        size += len(piece)
        if size > answers.ANSWER_BYTES_MAX:
            raise AuthorFailed(
                f"cannot use the answer of {settings.model}: "
                f"it is longer than {answers.ANSWER_BYTES_MAX} bytes",
                how="nonsense",
            )
        pieces.append(piece)
        if part.done:
            counted = _count(part.prompt_eval_count) + _count(part.eval_count)
            return _Answer("".join(pieces), counted, part.done_reason == "length")
    raise AuthorFailed(f"cannot use the answer of {settings.server}: it breaks off", "ollama ps")


def _count(value: int | None) -> int:
    return value if value is not None and 0 <= value <= _COUNT_MAX else 0


def _complaint(text: str, why: str) -> Messages:
    """Return what a model is told of an answer that cannot be used."""
    shown = answers.clean(text, _QUOTED_MAX)
    return [
        {"role": "assistant", "content": shown},
        {
            "role": "user",
            "content": f"This answer cannot be used: {why}. Answer again, with the one JSON "
            "object that was asked for and nothing else.",
        },
    ]


def _thought(value: Value, form: msgspec.Struct, messages: Messages) -> Thought[Value]:
    """Return what comes of an answer of any form.

    Raises:
        AnswerFault: its confidence is none.
    """
    return Thought(
        value,
        rationale=answers.clean(getattr(form, "rationale", "")),
        confidence=answers.confidence_of(getattr(form, "confidence", 0.0)),
        rejected=answers.short_list(getattr(form, "rejected", [])),
        options=answers.short_list(getattr(form, "options", [])),
        prompt_hash=hash_of(messages),
    )


def _refused(settings: OllamaSettings, error: ollama.ResponseError) -> AuthorFailed:
    """Return what an error that the server tells of means."""
    told = answers.clean(str(error.error), answers.LINE_MAX).replace("\n", " ")
    if error.status_code == 404 and "model" in told.lower():
        return AuthorFailed(
            f"cannot ask {settings.server}: it has no model {settings.model}",
            f"ollama pull {settings.model}",
            "absent",
        )
    status = f" (status {error.status_code})" if error.status_code > 0 else ""
    return AuthorFailed(f"cannot ask {settings.server}: it says {told!r}{status}", "ollama ps")


def _told(error: BaseException) -> str:
    """Return the beginning of an error's text: some carry the whole answer."""
    return answers.clean(f"{type(error).__name__}: {error}", 160).replace("\n", " ")
