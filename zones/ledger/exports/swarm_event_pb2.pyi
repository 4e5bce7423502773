import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AgentRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[AgentRole]
    ROLE_ARCHITECT: _ClassVar[AgentRole]
    ROLE_CODER: _ClassVar[AgentRole]
    ROLE_REVIEWER: _ClassVar[AgentRole]
    ROLE_OPERATOR: _ClassVar[AgentRole]
    ROLE_WATCHER: _ClassVar[AgentRole]
    ROLE_HISTORIAN: _ClassVar[AgentRole]
    ROLE_PATCHER: _ClassVar[AgentRole]
    ROLE_ORCHESTRATOR: _ClassVar[AgentRole]

class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TYPE_UNSPECIFIED: _ClassVar[EventType]
    TYPE_DECISION: _ClassVar[EventType]
    TYPE_STATE_CHANGE: _ClassVar[EventType]
    TYPE_SYSTEM: _ClassVar[EventType]
    TYPE_MESSAGE: _ClassVar[EventType]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_UNSPECIFIED: _ClassVar[Level]
    LEVEL_INFO: _ClassVar[Level]
    LEVEL_WARNING: _ClassVar[Level]
    LEVEL_ERROR: _ClassVar[Level]
ROLE_UNSPECIFIED: AgentRole
ROLE_ARCHITECT: AgentRole
ROLE_CODER: AgentRole
ROLE_REVIEWER: AgentRole
ROLE_OPERATOR: AgentRole
ROLE_WATCHER: AgentRole
ROLE_HISTORIAN: AgentRole
ROLE_PATCHER: AgentRole
ROLE_ORCHESTRATOR: AgentRole
TYPE_UNSPECIFIED: EventType
TYPE_DECISION: EventType
TYPE_STATE_CHANGE: EventType
TYPE_SYSTEM: EventType
TYPE_MESSAGE: EventType
LEVEL_UNSPECIFIED: Level
LEVEL_INFO: Level
LEVEL_WARNING: Level
LEVEL_ERROR: Level

class SwarmEvent(_message.Message):
    __slots__ = ("event_id", "timestamp", "trace_id", "span_id", "agent_role", "agent_id", "decision", "state_change", "system_signal", "message", "event_type", "cause", "tick", "zone", "position", "chain_head", "kind", "version", "level", "payload", "related_commit_hash", "context_window_snapshot_id")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ROLE_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    STATE_CHANGE_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_SIGNAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CHAIN_HEAD_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    RELATED_COMMIT_HASH_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_WINDOW_SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    timestamp: _timestamp_pb2.Timestamp
    trace_id: str
    span_id: str
    agent_role: AgentRole
    agent_id: str
    decision: AgentDecision
    state_change: StateChange
    system_signal: SystemSignal
    message: AgentMessage
    event_type: EventType
    cause: str
    tick: int
    zone: str
    position: int
    chain_head: bytes
    kind: str
    version: int
    level: Level
    payload: bytes
    related_commit_hash: str
    context_window_snapshot_id: str
    def __init__(self, event_id: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trace_id: _Optional[str] = ..., span_id: _Optional[str] = ..., agent_role: _Optional[_Union[AgentRole, str]] = ..., agent_id: _Optional[str] = ..., decision: _Optional[_Union[AgentDecision, _Mapping]] = ..., state_change: _Optional[_Union[StateChange, _Mapping]] = ..., system_signal: _Optional[_Union[SystemSignal, _Mapping]] = ..., message: _Optional[_Union[AgentMessage, _Mapping]] = ..., event_type: _Optional[_Union[EventType, str]] = ..., cause: _Optional[str] = ..., tick: _Optional[int] = ..., zone: _Optional[str] = ..., position: _Optional[int] = ..., chain_head: _Optional[bytes] = ..., kind: _Optional[str] = ..., version: _Optional[int] = ..., level: _Optional[_Union[Level, str]] = ..., payload: _Optional[bytes] = ..., related_commit_hash: _Optional[str] = ..., context_window_snapshot_id: _Optional[str] = ...) -> None: ...

class AgentDecision(_message.Message):
    __slots__ = ("context_hash", "input_trigger", "rationale", "rejected_alternatives", "memory_ids", "confidence_score", "mission", "subject", "options_considered", "selected_strategy", "model", "prompt_hash", "prompt_version", "tokens", "seconds", "outcome")
    CONTEXT_HASH_FIELD_NUMBER: _ClassVar[int]
    INPUT_TRIGGER_FIELD_NUMBER: _ClassVar[int]
    RATIONALE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_IDS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_SCORE_FIELD_NUMBER: _ClassVar[int]
    MISSION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_CONSIDERED_FIELD_NUMBER: _ClassVar[int]
    SELECTED_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_HASH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    context_hash: str
    input_trigger: str
    rationale: str
    rejected_alternatives: _containers.RepeatedScalarFieldContainer[str]
    memory_ids: _containers.RepeatedScalarFieldContainer[str]
    confidence_score: float
    mission: str
    subject: str
    options_considered: _containers.RepeatedScalarFieldContainer[str]
    selected_strategy: str
    model: str
    prompt_hash: str
    prompt_version: str
    tokens: int
    seconds: float
    outcome: str
    def __init__(self, context_hash: _Optional[str] = ..., input_trigger: _Optional[str] = ..., rationale: _Optional[str] = ..., rejected_alternatives: _Optional[_Iterable[str]] = ..., memory_ids: _Optional[_Iterable[str]] = ..., confidence_score: _Optional[float] = ..., mission: _Optional[str] = ..., subject: _Optional[str] = ..., options_considered: _Optional[_Iterable[str]] = ..., selected_strategy: _Optional[str] = ..., model: _Optional[str] = ..., prompt_hash: _Optional[str] = ..., prompt_version: _Optional[str] = ..., tokens: _Optional[int] = ..., seconds: _Optional[float] = ..., outcome: _Optional[str] = ...) -> None: ...

class StateChange(_message.Message):
    __slots__ = ("target_type", "target_resource", "previous_state_hash", "new_state_hash", "diff_patch", "is_reversible", "depends_on", "rolls_back", "target_type_text")
    class TargetType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TARGET_UNSPECIFIED: _ClassVar[StateChange.TargetType]
        FILE_SYSTEM: _ClassVar[StateChange.TargetType]
        ENV_VAR: _ClassVar[StateChange.TargetType]
        DB_SCHEMA: _ClassVar[StateChange.TargetType]
    TARGET_UNSPECIFIED: StateChange.TargetType
    FILE_SYSTEM: StateChange.TargetType
    ENV_VAR: StateChange.TargetType
    DB_SCHEMA: StateChange.TargetType
    TARGET_TYPE_FIELD_NUMBER: _ClassVar[int]
    TARGET_RESOURCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_STATE_HASH_FIELD_NUMBER: _ClassVar[int]
    NEW_STATE_HASH_FIELD_NUMBER: _ClassVar[int]
    DIFF_PATCH_FIELD_NUMBER: _ClassVar[int]
    IS_REVERSIBLE_FIELD_NUMBER: _ClassVar[int]
    DEPENDS_ON_FIELD_NUMBER: _ClassVar[int]
    ROLLS_BACK_FIELD_NUMBER: _ClassVar[int]
    TARGET_TYPE_TEXT_FIELD_NUMBER: _ClassVar[int]
    target_type: StateChange.TargetType
    target_resource: str
    previous_state_hash: str
    new_state_hash: str
    diff_patch: str
    is_reversible: bool
    depends_on: _containers.RepeatedScalarFieldContainer[str]
    rolls_back: str
    target_type_text: str
    def __init__(self, target_type: _Optional[_Union[StateChange.TargetType, str]] = ..., target_resource: _Optional[str] = ..., previous_state_hash: _Optional[str] = ..., new_state_hash: _Optional[str] = ..., diff_patch: _Optional[str] = ..., is_reversible: _Optional[bool] = ..., depends_on: _Optional[_Iterable[str]] = ..., rolls_back: _Optional[str] = ..., target_type_text: _Optional[str] = ...) -> None: ...

class SystemSignal(_message.Message):
    __slots__ = ("status", "cpu_load_percent", "memory_usage_mb", "what", "status_text")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATUS_UNSPECIFIED: _ClassVar[SystemSignal.Status]
        STARTING: _ClassVar[SystemSignal.Status]
        HEALTHY: _ClassVar[SystemSignal.Status]
        CRITICAL_FAILURE: _ClassVar[SystemSignal.Status]
    STATUS_UNSPECIFIED: SystemSignal.Status
    STARTING: SystemSignal.Status
    HEALTHY: SystemSignal.Status
    CRITICAL_FAILURE: SystemSignal.Status
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CPU_LOAD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USAGE_MB_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    STATUS_TEXT_FIELD_NUMBER: _ClassVar[int]
    status: SystemSignal.Status
    cpu_load_percent: float
    memory_usage_mb: float
    what: str
    status_text: str
    def __init__(self, status: _Optional[_Union[SystemSignal.Status, str]] = ..., cpu_load_percent: _Optional[float] = ..., memory_usage_mb: _Optional[float] = ..., what: _Optional[str] = ..., status_text: _Optional[str] = ...) -> None: ...

class AgentMessage(_message.Message):
    __slots__ = ("sender", "recipient", "subject", "text")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    sender: str
    recipient: str
    subject: str
    text: str
    def __init__(self, sender: _Optional[str] = ..., recipient: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...
