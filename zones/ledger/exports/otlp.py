"""Spans to a collector: OpenTelemetry's own OTLP/HTTP exporter, in a thread, behind a queue.

Owns: the queue, the thread, trying again, what is said when the collector is away. Does not own:
spans (`spans.py`), the file they are all in as well (`otel.py`), the protocol (the SDK).

The archive never waits: what finds no room in the queue is counted, said, and is in the file. The
SDK is in the extra molt[otlp] and imported by the thread: it takes a third of a second. What it
would print on stderr is caught and told as the state instead. Made after the fork: threads do not
survive one.
"""

import contextlib
import importlib
import logging
import queue
import re
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

from Kernel.contract.errors import what_installs
from Kernel.contract.messages import Degraded
from zones.ledger.exports.otlp_json import SCOPE, SERVICE
from zones.ledger.exports.spans import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

PART: Final = "archive.spans"
SPANS_A_BATCH: Final = 256
BATCHES_MAX: Final = 64
"""Waiting at once: 16,384 spans, some 16 MB."""
TIMEOUT_S: Final = 5.0
"""Of one try, with the SDK's own repetitions."""
PAUSE_FIRST_S: Final = 1.0
PAUSE_MAX_S: Final = 30.0
TRIES_MAX: Final = 12
"""A batch that fails so often (about 6 minutes) makes room for the next."""
CLOSE_S: Final = 2.0
WHY_MAX: Final = 300
_PATH: Final = "/v1/traces"
_PLAIN_REASON: Final = re.compile(r"\[Errno -?\d+\] ([A-Za-z ]+)")
"""What the system said, out of what urllib3 and the SDK put around it."""
_SDK: Final = (
    "opentelemetry.trace",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk.trace",
)
_LOGGERS: Final = ("opentelemetry", "urllib3", "requests")


class Export(Protocol):
    """Sends one batch; see `_Exporter`."""

    def send(self, spans: Sequence[Span]) -> bool:
        """Send them; False: they may be sent again.

        Raises:
            BatchRefused: the collector will never take these.
        """

    def why(self) -> str:
        """Return why the last try failed."""

    def close(self) -> None:
        """End a try that is going on, and all to come."""


class BatchRefused(Exception):
    """The collector has understood a batch and does not want it."""


def traces_url(endpoint: str) -> str:
    """Return where traces go: /v1/traces below an endpoint, unless it names a path itself."""
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(path=_PATH)) if parts.path in ("", "/") else endpoint


def port_of(endpoint: str) -> int:
    """Return the port of a collector."""
    parts = urlsplit(endpoint)
    return parts.port or (443 if parts.scheme == "https" else 80)


def load_exporter() -> None:
    """Import the SDK where it is installed: a sealed process cannot load machine code.

    What is missing is told when a sender is made.
    """
    for name in _SDK:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class OtlpSender:
    """Sends spans from a thread of its own.

    Args:
        endpoint: of the collector, such as http://localhost:4318.
        connect: opens the exporter, in the thread.
    """

    def __init__(self, endpoint: str, connect: "Callable[[str], Export] | None" = None) -> None:
        self._url = traces_url(endpoint)
        self._connect = connect or _Exporter
        self._queue: queue.Queue[Sequence[Span]] = queue.Queue(BATCHES_MAX)
        self._stopping = threading.Event()
        self._export: Export | None = None
        self._sent = 0
        # Each is counted by one thread alone.
        self._unqueued = self._given_up = 0
        self._why = self._hint = ""
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def offer(self, spans: Sequence[Span]) -> None:
        """Take spans without waiting; those without room are counted."""
        for first in range(0, len(spans), SPANS_A_BATCH):
            batch = spans[first : first + SPANS_A_BATCH]
            try:
                self._queue.put_nowait(batch)
            except queue.Full:
                self._unqueued += len(batch)

    def facts(self) -> dict[str, Any]:
        """Return what was sent, what waits (in batches) and what was not sent."""
        return {"sent": self._sent, "waiting": self._queue.qsize(), "lost": self._lost()}

    def degraded(self) -> tuple[Degraded, ...]:
        """Return why nothing is sent at present, and what was not sent at all."""
        if self._why:
            lost = f"; {self._lost()} spans were not sent" if self._lost() else ""
            why = f"cannot send spans to {self._url}: {self._why}{lost}; all are in log/spans.jsonl"
            return (Degraded(PART, why, self._hint or f"curl -i {self._url}"),)
        return ()

    def close(self) -> None:
        """Give what waits a moment to be sent, then end the thread."""
        self._stopping.set()
        self._thread.join(CLOSE_S)
        if self._export is not None:
            self._export.close()

    def _lost(self) -> int:
        return self._unqueued + self._given_up

    def _run(self) -> None:
        if not self._url.startswith(("http://", "https://")):
            self._why, self._hint = "it is no http:// or https:// address", "molt config"
            self._discard()
            return
        try:
            export = self._export = self._connect(self._url)
        except ModuleNotFoundError as error:
            self._why = f"{error}; it is in the extra molt[otlp]"
            self._hint = what_installs("otlp")
            self._discard()
            return
        while True:
            try:
                batch = self._queue.get(timeout=0.2)
            except queue.Empty:
                if self._stopping.is_set():
                    return
                continue
            if not self._send(export, batch):
                self._given_up += len(batch)
            if self._stopping.is_set() and self._why:
                return

    def _send(self, export: Export, batch: Sequence[Span]) -> bool:
        """Try a batch until it is sent; False: it is given up."""
        pause_s = PAUSE_FIRST_S
        for _ in range(TRIES_MAX):
            try:
                sent = export.send(batch)
            except BatchRefused as error:
                self._why = str(error)[:WHY_MAX]
                return False
            if sent:
                self._sent += len(batch)
                self._why = ""
                return True
            self._why = export.why()[:WHY_MAX]
            if self._stopping.wait(pause_s):
                return False
            pause_s = min(2 * pause_s, PAUSE_MAX_S)
        return False

    def _discard(self) -> None:
        """Count what comes, without the SDK, until the end."""
        while not self._stopping.is_set():
            try:
                self._given_up += len(self._queue.get(timeout=0.2))
            except queue.Empty:
                continue


class _LastWords(logging.Handler):
    """Keeps what the SDK would have printed last.

    Attributes:
        text: it.
        status: the HTTP status in it, 0 for none.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""
        self.status = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message; one that only says "due to timeout" tells less than the one before."""
        text = record.getMessage()
        if "due to timeout" in text:
            self.text = self.text or f"no answer within {TIMEOUT_S:g} s"
            return
        plain = _PLAIN_REASON.search(text)
        self.text = plain[1] if plain else text
        numbers = [each for each in record.args or () if isinstance(each, int)]
        self.status = numbers[0] if numbers else 0


class _Exporter:
    """The SDK's exporter.

    Raises:
        ModuleNotFoundError: it is not installed.
    """

    def __init__(self, url: str) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http import trace_exporter
        from opentelemetry.sdk import trace as sdk
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._words = _LastWords()
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            logger.propagate = False
            logger.addHandler(self._words)
        self._trace, self._sdk = trace, sdk
        self._resource = Resource({"service.name": SERVICE})
        self._scope = InstrumentationScope(SCOPE)
        self._exporter = trace_exporter.OTLPSpanExporter(endpoint=url, timeout=TIMEOUT_S)

    def send(self, spans: Sequence[Span]) -> bool:
        self._words.text, self._words.status = "", 0
        result = self._exporter.export([self._readable(span) for span in spans])
        if result.name == "SUCCESS":
            return True
        if 400 <= self._words.status < 500:
            raise BatchRefused(self._words.text)
        return False

    def why(self) -> str:
        return self._words.text or "it does not answer"

    def close(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK left it out
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(self._words)

    def _readable(self, span: Span) -> "ReadableSpan":
        trace = self._trace
        context = self._context(span.trace, span.span)
        return self._sdk.ReadableSpan(
            span.name,
            context=context,
            parent=self._context(span.trace, span.parent) if span.parent else None,
            resource=self._resource,
            attributes=dict(span.attributes),
            events=[
                self._sdk.Event(each.name, dict(each.attributes), each.time_ns)
                for each in span.happenings
            ],
            status=trace.Status(trace.StatusCode.ERROR, span.error)
            if span.error
            else trace.Status(),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=self._scope,
        )

    def _context(self, trace_id: bytes, span_id: bytes) -> Any:
        return self._trace.SpanContext(
            int.from_bytes(trace_id, "big"),
            int.from_bytes(span_id, "big"),
            is_remote=False,
            trace_flags=self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED),
        )
