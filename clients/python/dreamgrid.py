"""A client of dreamgrid's HTTP API, for scripts and notebooks; Python's standard library alone.

    from dreamgrid import Client

    client = Client()  # of `dreamgrid serve` on this machine
    job = client.render("emojinet", "conv1-7x7_s2", "1:9", numIterations=5)
    job.wait()  # in a notebook, a job that has ended shows its sheet
    job.tile(3).save("3.png")
"""

from __future__ import annotations

import base64
import json
import mimetypes
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

__all__ = ["Client", "DreamgridError", "Image", "Job"]

#: Where `dreamgrid serve` answers.
LOCAL_URL = "http://127.0.0.1:8787"
#: Seconds that an answer may take.
TIMEOUT = 60.0
#: Seconds between two looks at a job.
POLL = 1.0
#: Channels of a page: the most that the API gives.
PAGE = 500

FINAL_STATES = frozenset({"completed", "completed_with_failures", "cancelled"})


class DreamgridError(Exception):
    """What the service said is wrong; `problems` has a sentence for each thing."""

    def __init__(self, status: int, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.status = status
        self.problems = list(problems)


class Image:
    """A file of an image, PNG, JPEG or WebP. A notebook shows it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def media_type(self) -> str:
        if self.data.startswith(b"\xff\xd8\xff"):
            return "image/jpeg"
        return "image/webp" if self.data.startswith(b"RIFF") else "image/png"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {self.media_type: base64.b64encode(self.data).decode()}

    def save(self, path: Union[str, Path]) -> None:
        Path(path).write_bytes(self.data)


class Client:
    """The service at an address.

    :param headers: sent with every request, such as {"x-api-key": ...}
    """

    def __init__(self, url: str = LOCAL_URL, headers: Optional[Mapping[str, str]] = None) -> None:
        self.url = url.rstrip("/")
        self.headers = dict(headers or {})

    def render(
        self,
        network: str,
        layer: Union[str, int],
        channels: Any = None,
        *,
        idempotency_key: Optional[str] = None,
        **fields: Any,
    ) -> "Job":
        """Has images rendered. The same request again is the same job.

        :param layer: name or 1-based index
        :param channels: [1, 2, 5], "1:36", "all" or class names; None where `targets` is given
        :param fields: any other field of a request, spelled as there: numIterations=20
        :raises DreamgridError: naming everything that is wrong with the request
        """
        request = {"network": network, "layer": layer, **fields}
        if channels is not None:
            request["channels"] = channels
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        accepted = self.call("POST", "/jobs", request, headers)
        return Job(self, accepted["jobId"])

    def job(self, job_id: str) -> "Job":
        """A job by its id; it need not be there."""
        return Job(self, job_id)

    def jobs(self) -> Iterator["Job"]:
        """All jobs, in the order of their ids."""
        path: Optional[str] = "/jobs"
        while path is not None:
            page = self.call("GET", path)
            for summary in page["jobs"]:
                yield Job(self, summary["jobId"])
            path = page["links"]["next"]

    def networks(self) -> list[dict[str, Any]]:
        return self.call("GET", "/networks")["networks"]

    def layers(self, network: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/networks/{_quoted(network)}/layers")["layers"]

    def classes(self, network: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/networks/{_quoted(network)}/classes")["classes"]

    def upload(self, path: Union[str, Path]) -> str:
        """Sends an image (PNG, JPEG or WebP) to start from; returns the key for `initialImage`."""
        image = Path(path).read_bytes()
        content_type = mimetypes.guess_type(str(path))[0] or "application/octet-stream"
        if str(path).lower().endswith(".webp"):  # unknown to Python before 3.13
            content_type = "image/webp"
        asked = {"kind": "image", "contentType": content_type, "sizeBytes": len(image)}
        place = self.call("POST", "/uploads", asked)
        request = urllib.request.Request(
            place["url"], data=image, headers=place["headers"], method=place["method"]
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return place["key"]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        """An operation of the API, see its /openapi.json; paths are as its answers have them.

        :raises DreamgridError: what it answers instead
        """
        data = None if body is None else json.dumps(body).encode()
        sent = {**self.headers, **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/json"
        # links in answers are relative to the host, and have the stage's name in them
        base = urllib.parse.urlsplit(self.url)
        if base.path and path.startswith(f"{base.path}/"):
            path = path[len(base.path) :]
        request = urllib.request.Request(self.url + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise _problem(error) from None


class Job:
    """A job of the service. A notebook shows its sheet, or how far it is."""

    def __init__(self, client: Client, job_id: str) -> None:
        self.client = client
        self.id = job_id

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def status(self) -> dict[str, Any]:
        """State, counts and iterations, without its channels."""
        status = self.client.call("GET", f"/jobs/{_quoted(self.id)}?limit=1")
        del status["channels"]
        return status

    def channels(self) -> list[dict[str, Any]]:
        """Every channel: its state, figures and links, in the order of the sheet."""
        path: Optional[str] = f"/jobs/{_quoted(self.id)}?limit={PAGE}"
        channels: list[dict[str, Any]] = []
        while path is not None:
            page = self.client.call("GET", path)
            channels += page["channels"]
            path = page["links"]["next"]
        return channels

    def wait(self, timeout: Optional[float] = None) -> "Job":
        """Waits until every channel has ended, and returns the job.

        :param timeout: seconds
        :raises TimeoutError: the job goes on
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            status = self.status()
            if status["state"] in FINAL_STATES:
                return self
            if end is not None and time.monotonic() >= end:
                done, total = status["ok"], status["total"]
                raise TimeoutError(f"job {self.id}: {done} of {total} images after {timeout} s")
            time.sleep(POLL)

    def cancel(self) -> None:
        self.client.call("DELETE", f"/jobs/{_quoted(self.id)}")

    def sheet(self) -> Image:
        """:raises ValueError: the job has not ended"""
        sheet = self.status()["sheet"]
        if sheet is None:
            raise ValueError(f"job {self.id} has no sheet yet; wait() for it")
        return Image(_fetch(sheet["montage"]))

    def manifest(self) -> dict[str, Any]:
        """What is where on the sheet, with every trace. :raises ValueError: it has not ended"""
        sheet = self.status()["sheet"]
        if sheet is None:
            raise ValueError(f"job {self.id} has no manifest yet; wait() for it")
        return json.loads(_fetch(sheet["manifest"]))

    def tile(self, channel: int) -> Image:
        """The image of a channel (1-based), as soon as there is one.

        :raises ValueError: there is none, and why
        """
        for each in self.channels():
            if each["channel"] != channel:
                continue
            if each["tile"] is None:
                why = f": {each['reason']}" if each["reason"] else ""
                raise ValueError(f"channel {channel} is {each['state']}{why}")
            return Image(_fetch(each["tile"]))
        raise ValueError(f"job {self.id} has no channel {channel}")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        status = self.status()
        counts = f"job {self.id}: {status['state']}, {status['ok']} of {status['total']} images"
        if status["sheet"] is None:
            return {"text/plain": counts}
        return {"text/plain": counts, **Image(_fetch(status["sheet"]["montage"]))._repr_mimebundle_()}


def _fetch(url: str) -> bytes:
    """Bytes behind a presigned link, which takes no headers of ours."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        return answer.read()


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")


def _problem(error: urllib.error.HTTPError) -> DreamgridError:
    text = error.read().decode(errors="replace")
    try:
        problems = json.loads(text)["problems"]
    except (ValueError, KeyError, TypeError):
        problems = [f"the service answered {error.code}: {text[:200]}"]
    return DreamgridError(error.code, problems)
