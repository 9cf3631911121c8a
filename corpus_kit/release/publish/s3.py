"""`publish s3://BUCKET/PREFIX`: the release as objects of a bucket, in any store that speaks S3.

Objects that changed are sent, the manifest last of them, and what the release no longer has is deleted. A store has no step
over several objects, so a break leaves a mixture that `verify` names; the same command ends it. Requests are signed as
Amazon describes in "Signature Version 4 signing process"; keys come from the environment and are in no message.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from defusedxml.ElementTree import fromstring

from corpus_kit.core.errors import ServiceError, UsageError

_LAST = ("README.md", "manifest.json")
_NOTHING = hashlib.sha256(b"").hexdigest()
_AGAIN = "Run the command again; it goes on where it stopped."


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests. session: of temporary keys, "" for lasting ones."""

    key: str
    secret: str
    region: str
    session: str = ""

    def headers(
        self, method: str, url: str, payload_sha256: str, moment: datetime, more: Mapping[str, str]
    ) -> dict[str, str]:
        """All headers of a request, the signature among them.

        Args:
            method: Such as `PUT`.
            url: With its query, whose parts are encoded and sorted.
            payload_sha256: Of the body, in hexadecimal digits.
            moment: In UTC.
            more: Headers to be sent and signed as well.
        """
        parts = urlsplit(url)
        stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
        signed = {name.lower(): value for name, value in more.items()}
        signed |= {"host": parts.netloc, "x-amz-content-sha256": payload_sha256, "x-amz-date": stamp}
        if self.session:
            signed["x-amz-security-token"] = self.session
        names = ";".join(sorted(signed))
        head = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        asked = "\n".join([method, parts.path or "/", parts.query, head, names, payload_sha256])
        scope = f"{day}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(asked.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for word in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, word.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        told = f"AWS4-HMAC-SHA256 Credential={self.key}/{scope},SignedHeaders={names},Signature={signature}"
        return {name: value for name, value in signed.items() if name != "host"} | {"authorization": told}


class Bucket:
    """The objects of one bucket below one prefix."""

    def __init__(self, place: str, environment: Mapping[str, str] = os.environ) -> None:
        """
        Args:
            place: `s3://BUCKET/PREFIX`.
            environment: Where the keys, the region and the address of another store are.

        Raises:
            UsageError: No bucket, or no keys.
        """
        self.bucket, _, prefix = place.removeprefix("s3://").partition("/")
        if not self.bucket:
            raise UsageError(f"'{place}' names no bucket.", "Write s3://BUCKET/PREFIX.")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        try:
            keys = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        except KeyError as e:
            raise UsageError(f"{e.args[0]} is not set.", "Set the keys of the store in the environment.") from None
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._signer = Signer(*keys, region, environment.get("AWS_SESSION_TOKEN", ""))
        own = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
        self._root = f"{own.rstrip('/')}/{self.bucket}" if own else f"https://{self.bucket}.s3.{region}.amazonaws.com"

    def names(self) -> dict[str, str]:
        """Name below the prefix → md5 of its content, as the store gives it for what was sent in one piece."""
        found: dict[str, str] = {}
        more = ""
        while True:
            query = {"list-type": "2", "prefix": self.prefix} | ({"continuation-token": more} if more else {})
            answer = fromstring(self._ask("GET", "", query=query))
            for one in _all(answer, "Contents"):
                name = _text(one, "Key").removeprefix(self.prefix)
                found[name] = _text(one, "ETag").strip('"')
            more = _text(answer, "NextContinuationToken")
            if _text(answer, "IsTruncated") != "true":
                return found

    def put(self, name: str, path: Path) -> None:
        """Send one file."""
        self._ask("PUT", name, content=path.read_bytes())

    def delete(self, name: str) -> None:
        """Delete one object; one that is not there is no error."""
        self._ask("DELETE", name)

    def _ask(self, method: str, name: str, content: bytes = b"", query: Mapping[str, str] | None = None) -> bytes:
        import httpx2

        url = f"{self._root}/{quote(self.prefix + name, safe='/-_.~')}" if name else f"{self._root}/"
        if query:
            url += "?" + "&".join(f"{key}={quote(value, safe='-_.~')}" for key, value in sorted(query.items()))
        digest = hashlib.sha256(content).hexdigest() if content else _NOTHING
        headers = self._signer.headers(method, url, digest, datetime.now(UTC), {})
        with _service(self.bucket):
            answer = httpx2.request(method, url, content=content or None, headers=headers, timeout=600)
        if answer.status_code >= 300:
            hints = {
                403: "Check the keys, the region and the rights on the bucket.",
                404: "Make the bucket first; it is not made here.",
                301: "The bucket is in another region; set AWS_REGION.",
            }
            raise ServiceError(
                f"The store answered {answer.status_code} for {self.bucket}.", hints.get(answer.status_code, _AGAIN)
            )
        return bytes(answer.content)


@dataclass(frozen=True, slots=True)
class BucketPlan:
    """What changes. added, changed, removed: names below the prefix; same: how many stay."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    same: int


def plan_bucket(release: Path, bucket: Bucket) -> BucketPlan:
    """Compare a release with what is there.

    Raises:
        UsageError: below the prefix are objects that are of no release.
        ServiceError: the store refuses or cannot be reached.
    """
    there = bucket.names()
    here = {p.relative_to(release).as_posix(): _md5(p) for p in sorted(release.rglob("*")) if p.is_file()}
    if there and not (there.keys() & {*_LAST, *here}):
        raise UsageError(
            f"s3://{bucket.bucket}/{bucket.prefix} holds objects that are no release.", "Name another prefix."
        )
    return BucketPlan(
        tuple(sorted(here.keys() - there.keys(), key=_order)),
        tuple(sorted((name for name in here.keys() & there.keys() if here[name] != there[name]), key=_order)),
        tuple(sorted(there.keys() - here.keys())),
        sum(1 for name in here.keys() & there.keys() if here[name] == there[name]),
    )


def send_to_bucket(release: Path, plan: BucketPlan, bucket: Bucket) -> None:
    """Send and delete what the plan says: data first, then what is gone, the manifest last."""
    names = sorted((*plan.added, *plan.changed), key=_order)
    last = [name for name in names if name in _LAST]
    for name in names:
        if name not in last:
            bucket.put(name, release / name)
    for name in plan.removed:
        bucket.delete(name)
    for name in last:
        bucket.put(name, release / name)


def _order(name: str) -> tuple[int, str]:
    return _LAST.index(name) if name in _LAST else -1, name


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _all(element: Any, name: str) -> Iterator[ET.Element]:
    """Children of that name, whatever their namespace."""
    return (one for one in element if one.tag.rpartition("}")[2] == name)


def _text(element: Any, name: str) -> str:
    return next((one.text or "" for one in _all(element, name)), "")


@contextmanager
def _service(bucket: str) -> Iterator[None]:
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, OSError) as e:
        raise ServiceError(f"The store of {bucket} cannot be reached ({type(e).__name__}).", _AGAIN) from e
