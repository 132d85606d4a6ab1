"""A client of dreamgrid's HTTP API, for scripts and notebooks; Python's standard library alone.

    from dreamgrid import Client

    client = Client()  # of `dreamgrid serve` on this machine
    job = client.render("emojinet", "conv1-7x7_s2", "1:9", numIterations=5)
    job.wait()  # in a notebook, a job that has ended shows its sheet
    job.tile(3).save("3.png")
"""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.request
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence
from urllib.parse import quote, urlsplit

__all__ = ["Client", "DreamgridError", "Image", "Job"]

Json = dict[str, Any]  #: an object of the API's JSON
LOCAL_URL = "http://127.0.0.1:8787"  #: where `dreamgrid serve` answers
TIMEOUT = 60.0  #: seconds that an answer may take
POLL = 1.0  #: seconds between two looks at a job
PATIENCE = 60.0  #: seconds for which wait() looks on although no answer comes, or a bad one
PAGE = 500  #: channels of a page: the most that the API gives

FINAL_STATES = frozenset({"completed", "completed_with_failures", "cancelled"})
#: Of answers that the same request may not get a little later; 0: there was none.
PASSING = frozenset({0, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: How files of images begin, by the names in their media types.
SIGNATURES = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF", "gif": b"GIF8"}


class DreamgridError(Exception):
    """What is wrong, a sentence each in `problems`; `status`: of HTTP, 0 where nothing answers."""

    def __init__(self, status: int, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.status = status
        self.problems = list(problems)


class Image:
    """A file of an image, PNG, JPEG, WebP or GIF. A notebook shows it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Image({self.media_type}, {len(self.data)} bytes)"

    @property
    def media_type(self) -> str:
        """By its first bytes."""
        known = (name for name, start in SIGNATURES.items() if self.data.startswith(start))
        return f"image/{next(known, 'unknown')}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Json:
        return {self.media_type: base64.b64encode(self.data).decode()}

    def save(self, path: str | Path) -> None:
        Path(path).write_bytes(self.data)


class Client:
    """The service at an address.

    :param headers: sent with every request, such as {"x-api-key": ...}
    """

    def __init__(self, url: str = LOCAL_URL, headers: Mapping[str, str] | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url: given {url!r}; wanted one such as {LOCAL_URL}")
        self.url = url.rstrip("/")
        self.headers = dict(headers or {})

    def render(
        self,
        network: str,
        layer: str | int,
        channels: Any = None,
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Job:
        """Has images rendered. The same request again is the same job.

        :param layer: name or 1-based index
        :param channels: [1, 2, 5], range(1, 37), "1:36", "all" or class names; None where `targets`
            is given
        :param fields: any other field of a request, spelled as there: numIterations=20; NumPy's
            arrays and numbers are lists and numbers
        :raises DreamgridError: naming everything that is wrong with the request
        """
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        accepted = self.call("POST", "/jobs", _request(network, layer, channels, fields), headers)
        return Job(self, accepted["jobId"])

    def estimate(self, network: str, layer: str | int, channels: Any = None, **fields: Any) -> Json:
        """What `render` of the same would take; nothing begins.

        :returns: {"total": images, "estimate": {"coreSeconds": ..., "dollars": ...}, ...}
        :raises DreamgridError: naming everything that is wrong with the request
        """
        return self.call("POST", "/jobs?dryRun=true", _request(network, layer, channels, fields))

    def explain(
        self,
        network: str,
        image: str,
        of: str | int | None = None,
        layer: str | int | None = None,
        pixels: bool | Json = False,
    ) -> Json:
        """Why a network sees a class in an image; waits for the answer, some seconds.

        :param image: the key of an upload
        :param of: the class, by name or 1-based index; None: what the network sees most
        :param layer: whose channels speak; None: the last whose places speak
        :param pixels: whether single pixels are told apart too; {"steps": ..., "noise": ...} how
        :returns: {"class": ..., "seen": [...], "channels": [...], ...}, where pixels are asked for
            {"pixels": {"map": Image, ...}}, red for the class and blue against it
        :raises DreamgridError: what is wrong with the question
        """
        asked = {"network": network, "image": image, "class": of, "layer": layer}
        asked["pixels"] = None if pixels is False else pixels
        given = {name: value for name, value in asked.items() if value is not None}
        answer = self.call("POST", "/explanations", given)
        while answer["state"] == "pending":
            time.sleep(POLL)
            answer = self.call("GET", answer["links"]["self"])
        if answer["state"] == "failed":
            raise DreamgridError(200, answer["problems"])
        explanation, link = answer["explanation"], answer["links"].get("pixels")
        if link is not None:
            explanation["pixels"]["map"] = Image(_send(self.call("GET", link)["url"]))
        return explanation

    def circuit(self, network: str, layer: str | int, channel: int, limit: int = 50) -> Json:
        """What a channel is made of, and what is made of it, by the weights in between.

        :param layer: its name or 1-based index
        :param channel: 1-based
        :param limit: so many of each
        :returns: {"sources": [{"layer": ..., "channel": 7, "kernel": ...}, ...], "uses": [...], ...}
        :raises DreamgridError: there is none, as of what attention makes
        """
        index = self._index_of(network, layer) if isinstance(layer, str) else layer
        path = f"/networks/{quote(network, safe='')}/layers/{index}/channels/{channel}/circuit"
        return self.call("GET", f"{path}?limit={limit}")

    def _index_of(self, network: str, name: str) -> int:
        for each in self.layers(network):
            if name == each["name"] or name in each["aliases"]:
                return each["index"]
        raise DreamgridError(404, [f"network '{network}' has no layer '{name}'"])

    def job(self, job_id: str) -> Job:
        """A job by its id; it need not be there."""
        return Job(self, job_id)

    def jobs(self) -> Iterator[Job]:
        """All jobs, in the order of their ids."""
        return (Job(self, each["jobId"]) for each in self._paged("/jobs", "jobs"))

    def networks(self) -> list[Json]:
        """Those that a request can name, by their "id"."""
        return self.call("GET", "/networks")["networks"]

    def layers(self, network: str) -> list[Json]:
        """Its layer table, the image first; "suggestion" says how each is drawn best."""
        return list(self._paged(f"/networks/{quote(network, safe='')}/layers", "layers"))

    def classes(self, network: str) -> list[Json]:
        """[{"channel": 1, "name": ...}, ...]: class names that `channels` takes."""
        return self.call("GET", f"/networks/{quote(network, safe='')}/classes")["classes"]

    def upload(self, path: str | Path) -> str:
        """Sends an image (PNG, JPEG or WebP); returns its key, for `initialImage` or `explain`."""
        image = Image(Path(path).read_bytes())
        asked = {"kind": "image", "contentType": image.media_type, "sizeBytes": len(image.data)}
        to = self.call("POST", "/uploads", asked)
        _send(urllib.request.Request(to["url"], image.data, to["headers"], method=to["method"]))
        return to["key"]

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """An operation of the API, see its /openapi.json; paths are as its answers have them.

        :returns: what it answers; of a picture {"url": ...}, a link that lives for an hour at most
        :raises DreamgridError: what it answers instead, or that nothing does
        """
        data = None if body is None else json.dumps(body, default=_plain).encode()
        sent = {**self.headers, **(headers or {}), "Content-Type": "application/json"}
        # links in answers are relative to the host, and have the stage's name in them
        stage = urlsplit(self.url).path
        path = path[len(stage) :] if path.startswith(f"{stage}/") else path
        answer = _send(urllib.request.Request(self.url + path, data, sent, method=method))
        try:
            return json.loads(answer)
        except ValueError:
            text = answer.decode(errors="replace")[:200]
            raise DreamgridError(0, [f"the answer is not the API's: {text}"]) from None

    def _paged(self, path: str | None, what: str) -> Iterator[Json]:
        while path is not None:
            page = self.call("GET", path)
            yield from page[what]
            # an older service has all layers in one answer, and no links
            path = page.get("links", {}).get("next")


class Job:
    """A job of the service. A notebook shows its sheet, or how far it is."""

    def __init__(self, client: Client, job_id: str) -> None:
        self.client = client
        self.id = job_id
        self._path = f"/jobs/{quote(job_id, safe='')}"

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def status(self) -> Json:
        """State, counts and iterations, without its channels."""
        status = self.client.call("GET", f"{self._path}?limit=1")
        del status["channels"]
        return status

    def channels(self) -> list[Json]:
        """Every channel: its state, figures and links, in the order of the sheet."""
        return list(self.client._paged(f"{self._path}?limit={PAGE}", "channels"))

    def wait(self, timeout: float | None = None) -> Job:
        """Waits until every channel has ended, and returns the job.

        Once it has seen the job, it puts up with a service out of reach for PATIENCE seconds.

        :param timeout: seconds
        :raises TimeoutError: the job goes on
        """
        start, seen = time.monotonic(), float("-inf")
        while True:
            try:
                status = self.status()
                seen = time.monotonic()
            except DreamgridError as error:
                if error.status not in PASSING or time.monotonic() - seen >= PATIENCE:
                    raise
            if status["state"] in FINAL_STATES:
                return self
            if timeout is not None and time.monotonic() - start >= timeout:
                done, total = status["ok"], status["total"]
                raise TimeoutError(f"job {self.id}: {done} of {total} images after {timeout} s")
            time.sleep(POLL)

    def cancel(self) -> None:
        """Stops it: channels that have not ended end as cancelled."""
        self.client.call("DELETE", self._path)

    def retry(self) -> Job:
        """Draws again what it has no image of, once it has ended: what failed or was cancelled."""
        self.client.call("POST", f"{self._path}/retry")
        return self

    def sheet(self) -> Image:
        """:raises ValueError: the job has not ended"""
        return self._picture("sheet")

    def manifest(self) -> Json:
        """What is where on the sheet, with every trace. :raises ValueError: it has not ended"""
        sheet = self.status()["sheet"]
        if sheet is None:
            raise ValueError(f"job {self.id} has no manifest yet; wait() for it")
        return json.loads(_send(sheet["manifest"]))

    def tile(self, channel: int) -> Image:
        """The image of a channel (1-based). :raises ValueError: there is none (yet), and why"""
        return self._picture(f"tiles/{channel}")

    def animation(self, channel: int) -> Image:
        """How it came about, if the request asked for `animation`. :raises ValueError: as tile"""
        return self._picture(f"animations/{channel}")

    def svg(self, channel: int) -> str:
        """It as an SVG document, if it is painted in `ellipses`. :raises ValueError: as tile"""
        return self._picture(f"svgs/{channel}").data.decode()

    def _picture(self, path: str) -> Image:
        try:
            return Image(_send(self.client.call("GET", f"{self._path}/{path}")["url"]))
        except DreamgridError as error:
            if error.status != 404:
                raise
            raise ValueError(str(error)) from None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Json:
        status = self.status()
        counts = f"job {self.id}: {status['state']}, {status['ok']} of {status['total']} images"
        if status["sheet"] is None:
            return {"text/plain": counts}
        return {"text/plain": counts, **self.sheet()._repr_mimebundle_()}


class _Answers(urllib.request.HTTPErrorProcessor):
    """Answers as they are, errors too. No redirect is followed: that of a picture leads to a
    presigned link, where our headers have no business."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


_OPENER = urllib.request.build_opener(_Answers)
#: No proxy leads to this machine.
_LOCAL_OPENER = urllib.request.build_opener(_Answers, urllib.request.ProxyHandler({}))


def _send(request: str | urllib.request.Request) -> bytes:
    """The body of the answer, a redirect's too. :raises DreamgridError: of an error, or of none"""
    url = request if isinstance(request, str) else request.full_url
    # urllib opens files of this machine too, and a link is what the service says it is
    if not url.startswith(("http://", "https://")):
        raise DreamgridError(0, [f"the service's link is no address of the web: {url[:200]}"])
    opener = _LOCAL_OPENER if urlsplit(url).hostname in LOOPBACK else _OPENER
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            status, body = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DreamgridError(0, [f"no answer from {url.partition('?')[0]}: {error}"]) from error
    if status < 300 or status == 302:
        return body
    try:
        problems = json.loads(body)["problems"]
    except (ValueError, KeyError, TypeError):
        text = body.decode(errors="replace")
        problems = [f"the service answered {status}: {text[:200]}"]
    raise DreamgridError(status, problems)


def _request(network: str, layer: Any, channels: Any, fields: Json) -> Json:
    request = {"network": network, "layer": layer, **fields}
    return request if channels is None else {**request, "channels": channels}


def _plain(value: Any) -> Any:
    """As JSON has it: a range, and NumPy's arrays and numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, range):
        return list(value)
    raise TypeError(f"{type(value).__name__} {value!r} cannot be part of a request")
