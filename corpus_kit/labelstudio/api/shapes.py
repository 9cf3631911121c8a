"""What is expected of a server's JSON, held against every answer before anything is read from it.

What is not named here is allowed and kept: an answer is checked and handed on as it came.
"""

from __future__ import annotations

from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic reads this one on Python 3.11

from corpus_kit.core.errors import ServiceError

Json = dict[str, Any]
_OPEN = ConfigDict(extra="allow", strict=True)


@with_config(_OPEN)
class _Project(TypedDict):
    id: int
    title: str
    label_config: str
    expert_instruction: str | None
    maximum_annotations: int
    sampling: str | None


@with_config(_OPEN)
class _Title(TypedDict):
    title: str


@with_config(_OPEN)
class _ProjectCounts(TypedDict):
    created_at: str
    task_number: int | None


@with_config(_OPEN)
class _AnnotationShape(TypedDict):
    unique_id: NotRequired[str | None]
    completed_by: NotRequired[int | Json | None]


@with_config(_OPEN)
class _Task(TypedDict):
    id: int
    data: NotRequired[Json]
    created_at: NotRequired[str]
    updated_at: NotRequired[str]
    annotations: NotRequired[list[Any] | None]
    drafts: NotRequired[list[Any] | None]
    predictions: NotRequired[list[Any] | None]
    total_annotations: NotRequired[int | None]
    cancelled_annotations: NotRequired[int | None]
    overlap: NotRequired[int]


@with_config(_OPEN)
class _ExportedTask(TypedDict):
    id: int
    data: Json
    updated_at: str
    annotations: list[_AnnotationShape]
    drafts: NotRequired[list[Any] | None]
    predictions: NotRequired[list[Any] | None]


@with_config(_OPEN)
class _TaskPage(TypedDict):
    tasks: list[_Task]


@with_config(_OPEN)
class _Total(TypedDict):
    total: int


@with_config(_OPEN)
class _ProjectPage(TypedDict):
    results: list[_Project]


@with_config(_OPEN)
class _TitlePage(TypedDict):
    results: list[_Title]


@with_config(_OPEN)
class _User(TypedDict):
    id: int
    email: str
    first_name: str
    last_name: str


@with_config(_OPEN)
class _Account(TypedDict):
    id: int
    email: str


@with_config(_OPEN)
class _Imported(TypedDict):
    task_ids: list[int]


@with_config(_OPEN)
class _Created(TypedDict):
    created: int


@with_config(_OPEN)
class _Snapshot(TypedDict):
    id: int
    status: str
    md5: NotRequired[str | None]


@with_config(_OPEN)
class _Access(TypedDict):
    access: str


OBJECT = TypeAdapter[Any](Json)
PROJECT, PROJECT_PAGE, TITLE_PAGE = (
    TypeAdapter[Any](_Project),
    TypeAdapter[Any](_ProjectPage),
    TypeAdapter[Any](_TitlePage),
)
COUNTS, TOTAL = TypeAdapter[Any](_ProjectCounts), TypeAdapter[Any](_Total)
TASK, TASK_PAGE, EXPORTED = TypeAdapter[Any](_Task), TypeAdapter[Any](_TaskPage), TypeAdapter[Any](list[_ExportedTask])
EXPORTED_TASK = TypeAdapter[Any](_ExportedTask)
USERS, ACCOUNT = TypeAdapter[Any](list[_User]), TypeAdapter[Any](_Account)
IMPORTED, CREATED, PREDICTIONS = TypeAdapter[Any](_Imported), TypeAdapter[Any](_Created), TypeAdapter[Any](list[Json])
SNAPSHOT, ACCESS = TypeAdapter[Any](_Snapshot), TypeAdapter[Any](_Access)


class NotLabelStudioError(ServiceError):
    """A server, or a proxy before it, answered with JSON of another shape."""


def shaped(value: Any, shape: TypeAdapter[Any], address: str) -> Any:
    """The value as it came, if it has this shape.

    Raises:
        NotLabelStudioError: It has another one; the sentence names the address and the first place that differs.
    """
    try:
        shape.validate_python(value, strict=True)
    except ValidationError as e:
        first = e.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:4])[:80]
        raise not_label_studio(address, f"{place}: {first['msg'].lower()}" if place else first["msg"].lower()) from None
    return value


def not_label_studio(address: str, why: str) -> NotLabelStudioError:
    """The error for an answer that Label Studio would not give."""
    return NotLabelStudioError(
        f"{address} answered with something that isn't Label Studio's JSON ({why}).",
        "Check LABEL_STUDIO_URL: another program or a proxy answers there, or a version of the server that is not known.",
    )
