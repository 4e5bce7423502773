"""What must hold of sending spans: a collector gets them, and one that is away delays nobody."""

import sys
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from Kernel.contract.errors import what_installs
from tests.zones.ledger.exports.collector import collector
from tests.zones.ledger.exports.samples import drill
from tests.zones.ledger.exports.test_otlp_json import WHOLE
from tests.zones.ledger.exports.test_spans import made
from zones.ledger.exports import otlp
from zones.ledger.exports.otlp import BATCHES_MAX, SPANS_A_BATCH, OtlpSender, traces_url
from zones.ledger.exports.spans import Span

pytestmark = pytest.mark.slow  # the SDK takes a while to be imported


def wait_until(holds: Callable[[], bool], deadline_s: float = 20.0) -> None:
    end_s = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come true"
        time.sleep(0.01)


class TestWithTheSdk:
    def test_collector_gets_the_spans(self, capfd: pytest.CaptureFixture[str]) -> None:
        """By OTLP/HTTP, with ids, times, parents, events and errors as they are in the file."""
        with collector() as there:
            sender = OtlpSender(there.url)
            sender.offer([WHOLE, *made(*drill())])
            wait_until(lambda: sender.facts()["sent"] == 6)
            sender.close()
            assert there.paths == ["/v1/traces"]
            whole, *steps = there.spans()
        assert (whole.trace_id, whole.span_id, whole.parent_span_id) == (
            WHOLE.trace,
            WHOLE.span,
            WHOLE.parent,
        )
        assert (whole.start_time_unix_nano, whole.end_time_unix_nano) == (
            WHOLE.start_ns,
            WHOLE.end_ns,
        )
        assert whole.events[0].name == "decision_made"
        assert (whole.status.code, whole.status.message) == (2, "it failed")
        assert [step.name for step in steps] == [each.kind for each in drill()]
        assert sender.degraded() == ()
        assert capfd.readouterr() == ("", "")

    def test_collector_that_is_away_is_said_and_found_again(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Spans wait in the queue; when it is back they arrive. Nothing is on the terminal."""
        monkeypatch.setattr(otlp, "PAUSE_FIRST_S", 0.05)
        monkeypatch.setattr(otlp, "TIMEOUT_S", 2.0)
        with collector() as gone:
            port = int(gone.url.rpartition(":")[2])
        sender = OtlpSender(f"http://127.0.0.1:{port}")
        sender.offer([WHOLE])
        wait_until(lambda: bool(sender.degraded()))
        (said,) = sender.degraded()
        assert said.what == "archive.spans"
        assert said.why.startswith(f"cannot send spans to http://127.0.0.1:{port}/v1/traces: ")
        assert "refused" in said.why and "log/spans.jsonl" in said.why
        assert said.hint.startswith("curl ")
        with collector(port) as back:
            wait_until(lambda: sender.facts()["sent"] == 1)
            assert len(back.spans()) == 1
        assert sender.degraded() == ()
        sender.close()
        assert capfd.readouterr() == ("", "")

    def test_batch_that_is_refused_is_not_tried_again(self) -> None:
        """400 will be 400 tomorrow; the next batch has its own chance."""
        with collector() as there:
            there.status = 400
            sender = OtlpSender(there.url)
            sender.offer([WHOLE])
            wait_until(lambda: sender.facts()["lost"] == 1)
            assert "400" in sender.degraded()[0].why
            there.status = 200
            sender.offer([WHOLE])
            wait_until(lambda: sender.facts()["sent"] == 1)
            assert sender.degraded() == ()
            sender.close()

    def test_collector_that_hangs_delays_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Offering returns at once, what finds no room is counted, closing waits a moment only."""
        monkeypatch.setattr(otlp, "TIMEOUT_S", 60.0)
        monkeypatch.setattr(otlp, "CLOSE_S", 0.2)
        with collector() as there:
            there.hold.clear()
            sender = OtlpSender(there.url)
            many = [WHOLE] * SPANS_A_BATCH
            began_s = time.monotonic()
            for _ in range(BATCHES_MAX + 10):
                sender.offer(many)
            assert time.monotonic() - began_s < 1.0
            wait_until(lambda: sender.facts()["waiting"] <= BATCHES_MAX)
            assert sender.facts()["lost"] >= 9 * SPANS_A_BATCH
            began_s = time.monotonic()
            sender.close()
            assert time.monotonic() - began_s < 2.0


class PaperExport:
    """Answers as it is told; see `otlp.Export`."""

    def __init__(self, answers: Sequence[bool]) -> None:
        self.answers = list(answers)
        self.sent: list[int] = []
        self.closed = threading.Event()

    def send(self, spans: Sequence[Span]) -> bool:
        self.sent.append(len(spans))
        return self.answers.pop(0) if self.answers else True

    def why(self) -> str:
        return "no"

    def close(self) -> None:
        self.closed.set()


class TestWithoutTheSdk:
    def test_batch_that_always_fails_makes_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After so many tries it is counted as lost, and the next one is sent."""
        monkeypatch.setattr(otlp, "PAUSE_FIRST_S", 0.001)
        monkeypatch.setattr(otlp, "PAUSE_MAX_S", 0.001)
        export = PaperExport([False] * otlp.TRIES_MAX)
        sender = OtlpSender("http://x", lambda _url: export)
        sender.offer([WHOLE, WHOLE])
        sender.offer([WHOLE])
        wait_until(lambda: sender.facts() == {"sent": 1, "waiting": 0, "lost": 2})
        sender.close()
        assert export.closed.is_set()

    def test_what_waits_is_sent_before_it_ends(self) -> None:
        """Closing gives it a moment."""
        export = PaperExport([])
        sender = OtlpSender("http://x", lambda _url: export)
        for _ in range(20):
            sender.offer([WHOLE])
        sender.close()
        assert sum(export.sent) == 20

    def test_missing_extra_is_degraded_with_the_command(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The file goes on; what is not sent is counted."""
        name = "opentelemetry.exporter.otlp.proto.http"
        for module in [each for each in sys.modules if each.startswith(name)]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, name, None)
        sender = OtlpSender("http://127.0.0.1:4318")
        sender.offer([WHOLE])
        wait_until(lambda: sender.facts()["lost"] == 1)
        (said,) = sender.degraded()
        assert "molt[otlp]" in said.why
        assert said.hint == what_installs("otlp")
        sender.close()

    def test_address_that_is_none_is_said(self) -> None:
        """A scheme that was forgotten is found by reading the state."""
        sender = OtlpSender("localhost:4318")
        wait_until(lambda: bool(sender.degraded()))
        assert "no http:// or https:// address" in sender.degraded()[0].why
        sender.close()


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://c.example/otlp/v1/traces", "https://c.example/otlp/v1/traces"),
        ("https://c.example/api?key=1", "https://c.example/api?key=1"),
    ],
)
def test_endpoint_without_a_path_gets_the_usual_one(endpoint: str, url: str) -> None:
    """As OpenTelemetry's own variables mean it."""
    assert traces_url(endpoint) == url
