"""What must hold of the envelope as SwarmEvent: SPEC 6 to the letter, and nothing is lost."""

import io
from pathlib import Path
from typing import Any

import msgpack
import pytest
from google.protobuf.descriptor import EnumDescriptor
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.codec import pack
from Kernel.contract.envelope import (
    KIND_CHARS_MAX,
    NAME_CHARS_MAX,
    PAYLOAD_BYTES_MAX,
    TICK_MAX,
    TIME_NS_MAX,
    Envelope,
    Level,
    Role,
    pack_envelope,
)
from Kernel.contract.errors import CodecError
from Kernel.contract.kinds import KINDS
from tests.zones.ledger.exports.samples import (
    CHANGED,
    DECIDED,
    MESSAGED,
    PLAIN,
    SIGNALLED,
    event,
    samples,
)
from tools.swarm_event import FOLDER, generate
from zones.ledger.exports import swarm_event_pb2 as pb
from zones.ledger.exports.protobuf import (
    SWARM_BYTES_MAX,
    envelope_of,
    pack_swarm,
    parse_swarm,
    read_delimited,
    swarm_event,
    write_delimited,
)

GOLDEN = Path(__file__).parent / "golden" / "swarm_events_1.bin"
TYPED = {
    "agent.decided": ("decision", DECIDED),
    "agent.changed_state": ("state_change", CHANGED),
    "agent.signalled": ("system_signal", SIGNALLED),
    "agent.messaged": ("message", MESSAGED),
}


def there_and_back(envelope: Envelope) -> Envelope:
    return envelope_of(parse_swarm(pack_swarm(swarm_event(envelope, 7, b"h" * 32))))


class TestTheMessages:
    @pytest.mark.slow
    def test_the_committed_module_is_what_protoc_makes(self) -> None:
        """swarm_event_pb2.py and .pyi are made from the .proto and from nothing else."""
        made = generate(FOLDER)
        assert sorted(made) == ["swarm_event_pb2.py", "swarm_event_pb2.pyi"]
        for name, text in made.items():
            assert (FOLDER / name).read_text("utf-8") == text, "run: python -m tools.swarm_event"

    def test_package_and_numbers_are_those_of_the_specification(self) -> None:
        """Names and field numbers of SPEC 6 are there and no field of ours is below them."""
        assert pb.DESCRIPTOR.package == "enchanted.events.v1"
        wanted: dict[Any, dict[str, int]] = {
            pb.SwarmEvent: {
                "event_id": 1,
                "timestamp": 2,
                "trace_id": 3,
                "span_id": 4,
                "agent_role": 5,
                "agent_id": 6,
                "decision": 10,
                "state_change": 11,
                "system_signal": 12,
            },
            pb.AgentDecision: {
                "context_hash": 1,
                "input_trigger": 2,
                "rationale": 3,
                "rejected_alternatives": 4,
                "memory_ids": 5,
                "confidence_score": 6,
            },
            pb.StateChange: {
                "target_type": 1,
                "target_resource": 2,
                "previous_state_hash": 3,
                "new_state_hash": 4,
                "diff_patch": 5,
                "is_reversible": 6,
            },
            pb.SystemSignal: {"status": 1, "cpu_load_percent": 2, "memory_usage_mb": 3},
        }
        for message, numbers in wanted.items():
            fields = {field.name: field.number for field in message.DESCRIPTOR.fields}
            assert {name: fields.pop(name) for name in numbers} == numbers
            assert not fields or min(fields.values()) > max(numbers.values())
        assert pb.AgentDecision.DESCRIPTOR.fields_by_name["confidence_score"].type == 2  # float
        for name in ("rejected_alternatives", "memory_ids"):
            assert pb.AgentDecision.DESCRIPTOR.fields_by_name[name].is_repeated
        oneof = pb.SwarmEvent.DESCRIPTOR.oneofs_by_name["content"]
        assert {field.number for field in oneof.fields} == {10, 11, 12, 13}

    def test_enums_are_those_of_the_specification(self) -> None:
        """Prefixed ROLE_ and TYPE_, each with an UNSPECIFIED 0; ours stand above."""

        def values(enum: EnumDescriptor) -> dict[str, int]:
            return {value.name: value.number for value in enum.values}

        enums = pb.DESCRIPTOR.enum_types_by_name
        roles, types = values(enums["AgentRole"]), values(enums["EventType"])
        assert list(roles)[:5] == [
            "ROLE_UNSPECIFIED",
            "ROLE_ARCHITECT",
            "ROLE_CODER",
            "ROLE_REVIEWER",
            "ROLE_OPERATOR",
        ]
        assert list(roles.values()) == [int(role) for role in Role]
        assert [name.removeprefix("ROLE_") for name in roles] == [role.name for role in Role]
        assert types == {
            "TYPE_UNSPECIFIED": 0,
            "TYPE_DECISION": 1,
            "TYPE_STATE_CHANGE": 2,
            "TYPE_SYSTEM": 3,
            "TYPE_MESSAGE": 4,
        }
        assert {"FILE_SYSTEM", "ENV_VAR", "DB_SCHEMA"} <= set(
            values(pb.StateChange.DESCRIPTOR.enum_types_by_name["TargetType"])
        )
        assert {"STARTING", "HEALTHY", "CRITICAL_FAILURE"} <= set(
            values(pb.SystemSignal.DESCRIPTOR.enum_types_by_name["Status"])
        )

    def test_typed_contents_have_a_field_for_each_key_of_their_kind(self) -> None:
        """A key that is added to a typed kind wants a field in its message, or says so here."""
        for kind, (field, _) in TYPED.items():
            message = pb.SwarmEvent.DESCRIPTOR.fields_by_name[field].message_type
            keys = {key.removesuffix("?") for key in KINDS[kind].payload}
            own = {each.name for each in message.fields if not each.name.endswith("_text")}
            assert keys - {"related_commit_hash", "context_window_snapshot_id"} == own


class TestTheTypedKinds:
    @pytest.mark.parametrize("kind", TYPED)
    def test_typed_kind_needs_no_payload_beside_it(self, kind: str) -> None:
        """The content says everything, so the bytes are not sent twice."""
        field, payload = TYPED[kind]
        made = swarm_event(event(1, kind, payload), 7)
        assert made.WhichOneof("content") == field
        assert (made.payload, made.kind, made.position) == (b"", kind, 7)
        assert made.event_type == pb.EventType.Value(f"TYPE_{_type_word(field)}")

    def test_decision_reads_as_specified(self) -> None:
        """Another program finds each word where SPEC 6 puts it."""
        made = swarm_event(samples()[0])
        assert made.decision.rationale == DECIDED["rationale"]
        assert list(made.decision.rejected_alternatives) == ["more food", "fewer births"]
        assert made.decision.confidence_score == pytest.approx(0.87)
        assert made.agent_role == pb.AgentRole.ROLE_CODER
        assert (made.agent_id, made.tick) == ("coder-1", 184_500)
        assert made.trace_id == "000102030405060708090a0b0c0d0e0f"
        assert made.timestamp.ToNanoseconds() == samples()[0].time_ns

    def test_word_that_an_enum_lacks_is_unspecified_and_kept(self) -> None:
        """A status or target of a newer sender is 0 as a number and whole as a text."""
        sleepy, diary = samples()[4], samples()[5]
        made = swarm_event(sleepy)
        assert (made.system_signal.status, made.system_signal.status_text) == (0, "SLEEPY")
        made = swarm_event(diary)
        assert (made.state_change.target_type, made.state_change.target_type_text) == (0, "DIARY")
        assert there_and_back(sleepy) == sleepy
        assert there_and_back(diary) == diary

    @pytest.mark.parametrize("word", ["STATUS_UNSPECIFIED", ""])
    def test_word_for_nothing_comes_back_as_it_was(self, word: str) -> None:
        """The name of the number 0 is a text like any other."""
        quiet = event(1, "agent.signalled", SIGNALLED | {"status": word})
        assert there_and_back(quiet) == quiet

    def test_commit_and_context_are_fields_of_the_event(self) -> None:
        """They are lifted out of the payload, of kinds without a typed content, too."""
        told = DECIDED | {"related_commit_hash": "8158111", "context_window_snapshot_id": "w1"}
        made = swarm_event(event(1, "agent.decided", told))
        assert (made.related_commit_hash, made.context_window_snapshot_id) == ("8158111", "w1")
        assert made.payload == b""
        free = Envelope(
            b"i" * 16, 1, None, "scribe", "a.b", 0, Level.INFO, pack({"related_commit_hash": "f"})
        )
        assert swarm_event(free).related_commit_hash == "f"
        assert there_and_back(free) == free

    @pytest.mark.parametrize(
        "payload",
        [
            pack(DECIDED | {"newer": 1}),
            pack(dict(reversed(DECIDED.items()))),
            pack(DECIDED | {"confidence_score": 1 / 3}),
            pack(DECIDED | {"confidence_score": 1}),
            pack(DECIDED | {"confidence_score": 1e300}),
            pack(DECIDED | {"options_considered": []}),
            pack(DECIDED | {"mission": None}),
            pack(DECIDED | {"tokens": 2**64 - 1}),
            pack(DECIDED | {"rationale": 5}),
            pack(DECIDED | {"rationale": ["a"]}),
            pack(DECIDED | {"confidence_score": ["a"]}),
            pack(DECIDED | {"memory_ids": "a"}),
            pack(DECIDED | {"memory_ids": 0.5}),
            pack(DECIDED | {"memory_ids": [1]}),
            pack(DECIDED | {"memory_ids": {"a": "b"}}),
            msgpack.packb({"rationale": "x" * (PAYLOAD_BYTES_MAX - 20)}),
            pack({}),
            msgpack.packb({"confidence_score": 0.5}, use_single_float=True),
            b"\xc1",
        ],
    )
    def test_payload_that_the_content_cannot_say_goes_beside_it(self, payload: bytes) -> None:
        """Newer keys, another order, too many digits, a wrong type: the record is what it was."""
        odd = Envelope(b"i" * 16, 1, None, "sandbox", "agent.decided", 1, Level.INFO, payload)
        assert swarm_event(odd).payload == payload
        assert there_and_back(odd) == odd


def _type_word(field: str) -> str:
    return {"system_signal": "SYSTEM"}.get(field, field.upper())


@st.composite
def payloads(draw: st.DrawFn, kind: str) -> bytes:
    if kind in TYPED and draw(st.booleans()):
        fields = dict(TYPED[kind][1])
        for key in draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)):
            fields[key] = draw(PLAIN | st.text(max_size=8) | st.floats(width=32))
        return pack(fields)
    packed = st.dictionaries(st.text(max_size=12), PLAIN, max_size=4).map(pack)
    return draw(packed | st.binary(max_size=40))


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    words = st.text(min_size=1, max_size=NAME_CHARS_MAX)
    kind = draw(st.sampled_from([*KINDS, *TYPED]) | st.text(min_size=1, max_size=KIND_CHARS_MAX))
    return Envelope(
        id=draw(st.binary(min_size=16, max_size=16)),
        time_ns=draw(st.integers(0, TIME_NS_MAX)),
        tick=draw(st.none() | st.integers(0, TICK_MAX)),
        zone=draw(words),
        kind=kind,
        version=draw(st.integers(0, 65535)),
        level=draw(st.sampled_from(Level)),
        payload=draw(payloads(kind)),
        cause=draw(st.just(b"") | st.binary(min_size=16, max_size=16)),
        role=draw(st.sampled_from(Role)),
        agent=draw(st.text(max_size=NAME_CHARS_MAX)),
        trace=draw(st.just(b"") | st.binary(min_size=16, max_size=16)),
        span=draw(st.just(b"") | st.binary(min_size=8, max_size=8)),
    )


class TestThereAndBack:
    @pytest.mark.slow
    @given(envelope=envelopes())
    def test_any_envelope_comes_back_as_the_same_record(self, envelope: Envelope) -> None:
        """Every kind goes through, to the byte, whatever its payload is."""
        record = pack_envelope(envelope)
        assert pack_envelope(there_and_back(envelope)) == record

    def test_samples_come_back(self) -> None:
        """One of each typed kind, a drill, a torn payload, a number that is none."""
        for envelope in samples():
            assert pack_envelope(there_and_back(envelope)) == pack_envelope(envelope)

    def test_position_and_head_are_told(self) -> None:
        """Both are the ledger's, not the envelope's."""
        made = parse_swarm(pack_swarm(swarm_event(samples()[0], 2**40, b"h" * 32)))
        assert (made.position, made.chain_head) == (2**40, b"h" * 32)


class TestGoldenFile:
    """Written by version 1. Never change the file: what is on other people's disks is like it."""

    def test_old_bytes_read_as_they_were_meant(self) -> None:
        """Each event of the file is the sample it was made from."""
        with GOLDEN.open("rb") as source:
            read = [envelope_of(each) for each in read_delimited(source)]
        assert [pack_envelope(each) for each in read] == [pack_envelope(e) for e in samples()]

    def test_the_same_bytes_are_written_today(self) -> None:
        """A field that moved or changed its type would show here."""
        out = io.BytesIO()
        for position, envelope in enumerate(samples(), 1):
            write_delimited(swarm_event(envelope, position), out)
        assert out.getvalue() == GOLDEN.read_bytes()


class TestForeignEvents:
    def test_newer_fields_and_numbers_are_passed_over(self) -> None:
        """A field 999, a role 77, a level 9, a status 50: it reads, and they are kept on."""
        made = swarm_event(samples()[2])
        data = pack_swarm(made) + b"\xba\x3e\x03new"  # field 999, length-delimited
        newer = parse_swarm(data)
        newer.agent_role = 77  # type: ignore[assignment]
        newer.level = 9  # type: ignore[assignment]
        newer.system_signal.status = 50  # type: ignore[assignment]
        newer = parse_swarm(pack_swarm(newer))
        read = envelope_of(newer)
        assert (read.role, read.level, read.kind) == (
            Role.UNSPECIFIED,
            Level.INFO,
            "agent.signalled",
        )
        assert read.payload_fields()["status"] == ""
        assert b"\xba\x3e\x03new" in pack_swarm(newer)

    def test_event_with_the_fields_of_the_specification_alone_is_understood(self) -> None:
        """Another program that knows SPEC 6 and nothing of ours can send a decision."""
        foreign = pb.SwarmEvent(event_id="01890a5d-ac96-774b-bcce-b302099a8057", agent_id="bob")
        foreign.decision.rationale = "because"
        read = envelope_of(foreign)
        assert (read.kind, read.zone, read.version, read.tick) == (
            "agent.decided",
            "scribe",
            1,
            None,
        )
        assert read.payload_fields()["rationale"] == "because"

    def test_unspecified_level_is_information(self) -> None:
        """Proto's 0 stands for not said."""
        foreign = pb.SwarmEvent(event_id="01890a5d-ac96-774b-bcce-b302099a8057", kind="a.b")
        assert envelope_of(foreign).level is Level.INFO

    @pytest.mark.parametrize(
        "fields",
        [
            {"event_id": "", "kind": "a.b"},
            {"event_id": "nonsense", "kind": "a.b"},
            {"kind": ""},
            {"kind": "k" * 65},
            {"cause": "ab"},
            {"trace_id": "xyz"},
            {"span_id": "abcd"},
            {"version": 65536},
            {"tick": 2**63},
            {"zone": "z" * 65},
            {"timestamp": {"seconds": -1}},
            {"timestamp": {"seconds": 2**60}},
        ],
    )
    def test_what_cannot_be_an_event_is_refused(self, fields: dict[str, Any]) -> None:
        """It says why; nothing of it is guessed."""
        told = {"event_id": "01890a5d-ac96-774b-bcce-b302099a8057", "kind": "a.b"} | fields
        with pytest.raises(CodecError, match="cannot"):
            envelope_of(pb.SwarmEvent(**told))

    @given(data=st.binary(max_size=200))
    def test_random_bytes_give_an_event_or_a_refusal(self, data: bytes) -> None:
        """Nothing but a CodecError comes out of hostile bytes."""
        try:
            envelope_of(parse_swarm(data))
        except CodecError:
            pass

    @pytest.mark.parametrize(
        "data",
        [b"\x05abc", b"\xff", b"\xff\xff\xff\xff\xff\x01", b"\xff\xff\xff\x7f", b"\x02\xff\xff"],
    )
    def test_torn_or_huge_file_is_refused(self, data: bytes) -> None:
        """A length that is cut, a length nobody believes, an event that is cut."""
        with pytest.raises(CodecError, match="cannot"):
            list(read_delimited(io.BytesIO(data)))

    def test_event_of_more_than_the_limit_is_refused(self) -> None:
        """It is not even parsed."""
        with pytest.raises(CodecError, match=str(SWARM_BYTES_MAX)):
            parse_swarm(bytes(SWARM_BYTES_MAX + 1))
