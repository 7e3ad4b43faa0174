"""The page's requests: it sends a recording and gets hits, sends hits and gets a file. Nothing is kept between them."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from torch.nn.utils.rnn import pad_sequence

from ddsp_drums.audio import AUDIO_SUFFIXES
from ddsp_drums.audio.files import libraries
from ddsp_drums.events import Event, TempoMap, estimate_tempo, quantise, write_csv, write_midi
from ddsp_drums.kits import Kit, Taxonomy, procedural_kit
from drummernet.config import ModelConfig
from drummernet.serve.guard import Guard
from drummernet.serve.worker import AbandonedError, RefusedError, Worker
from drummernet.weights import SHIPPED, load_weights

__all__ = ["Limits", "create_app"]

_PAGE = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}  # not by the system's own table
_SOUND_RATE = 44_100


class Limits(NamedTuple):
    """What a recording may ask of this machine.

    Attributes:
        megabytes: Of a file.
        duration_s: Seconds of sound.
        time_s: Seconds to receive and transcribe it.
    """

    megabytes: float = 200.0
    duration_s: float = 600.0
    time_s: float = 300.0


@dataclass
class _Running:
    limits: Limits
    heard: ModelConfig
    kit: Kit
    worker: Worker
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def create_app(*, weights: Path = SHIPPED, host: str = "localhost", limits: Limits | None = None) -> Starlette:
    """Make the application that serves the page.

    Args:
        weights: The network.
        host: Name that it is reached by, beside `localhost` and addresses in numbers.
        limits: What a recording may ask of this machine.

    Returns:
        An ASGI application. While it runs it has a process that transcribes one recording at a time.
    """
    limits = limits or Limits()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        worker = Worker(weights, max_duration_s=limits.duration_s)
        try:
            heard = load_weights(weights)[1].model
            app.state.running = _Running(limits, heard, procedural_kit(sample_rate=_SOUND_RATE), worker)
            yield
        finally:
            worker.stop()

    routes = [
        Route("/setup", _setup),
        Route("/kit/{name}.wav", _sound),
        Route("/transcribe", _transcribe, methods=["POST"]),
        Route("/hits.mid", partial(_export, write=_write_midi), methods=["POST"]),
        Route("/hits.csv", partial(_export, write=_write_csv), methods=["POST"]),
    ]
    for file in _PAGE.iterdir():
        path = "/" if file.name == "index.html" else f"/{file.name}"
        routes.append(Route(path, partial(_file, file=file)))
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=host)], lifespan=lifespan)


def _running(request: Request) -> _Running:
    running: _Running = request.app.state.running
    return running


async def _file(request: Request, *, file: Path) -> Response:
    return FileResponse(file, media_type=_TYPES[file.suffix])


async def _setup(request: Request) -> Response:
    """Tell what the page must know before it has a recording; an instrument without a sound has no velocities."""
    running = _running(request)
    velocities: dict[str, Sequence[float]] = {name: drums[0].velocities for name, drums in running.kit.drums.items()}
    instruments = [
        {"id": one.id, "name": one.name, "colour": one.colour, "velocities": velocities.get(one.id, [])}
        for one in running.heard.taxonomy.instruments
        if one.id in running.heard.instruments
    ]
    limits = running.limits._asdict()
    return JSONResponse({"instruments": instruments, "suffixes": sorted(AUDIO_SUFFIXES), "limits": limits})


def _sound(request: Request) -> Response:
    """Give the one-shots of an instrument as the channels of a WAV, from soft to hard, each as loud as the hardest."""
    kit = _running(request).kit
    if request.path_params["name"] not in kit.classes:
        return _error(404, "the kit has no such instrument")
    hits = pad_sequence(list(kit.drums[request.path_params["name"]][0].hits), batch_first=True)
    peaks = hits.abs().amax(-1, keepdim=True)
    level = torch.clamp(peaks.amax(), max=1.0)
    buffer = io.BytesIO()
    soundfile, _ = libraries()
    soundfile.write(buffer, (hits / peaks * level).T.numpy(), kit.sample_rate, format="WAV")
    return Response(buffer.getvalue(), media_type="audio/wav")


async def _transcribe(request: Request) -> Response:
    running = _running(request)
    limits = running.limits
    if running.turn.locked():
        return _error(503, "another recording is being transcribed; try again when it is done")
    try:
        async with running.turn, asyncio.timeout(limits.time_s):
            with TemporaryDirectory(prefix="drummernet-", ignore_cleanup_errors=True) as folder:
                path = Path(folder) / "recording"
                await _receive(request, path, limits.megabytes)
                answer = await running.worker.listen(path, request.is_disconnected)
    except RefusedError as error:
        return _error(422, str(error))
    except TimeoutError:
        return _error(503, f"took longer than {limits.time_s:g} seconds, so it was stopped; try a shorter piece")
    except (ClientDisconnect, AbandonedError):
        return Response(status_code=499)  # nobody reads it
    return Response(answer, media_type="application/json")


async def _receive(request: Request, path: Path, megabytes: float) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > 1e6 * megabytes:
                raise RefusedError(f"more than {megabytes:g} MB; cut it, or use `drummernet transcribe`")
            file.write(chunk)


_Write = Callable[[Path, list[Event], set[str], Taxonomy], None]


async def _export(request: Request, *, write: _Write) -> Response:
    """Write hits as a file; the body is JSON, `{"hits": [[onset_s, instrument, velocity, confidence]], "muted": []}`.

    Muted instruments are left out, but the tempo is that of all hits.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > 1e6 * _running(request).limits.megabytes:
            return _error(413, "too many hits")
    try:
        content = await run_in_threadpool(_exported, bytes(body), write, _running(request).heard.taxonomy)
    except (ValueError, TypeError, KeyError) as error:
        return _error(400, f"these are no hits ({error})")
    return Response(content, media_type="application/octet-stream")


def _exported(body: bytes, write: _Write, taxonomy: Taxonomy) -> bytes:
    asked: dict[str, Any] = json.loads(body)
    events = [Event(*row) for row in asked["hits"]]
    with TemporaryDirectory(prefix="drummernet-") as folder:
        path = Path(folder) / "hits"
        write(path, sorted(events), set(asked["muted"]), taxonomy)
        return path.read_bytes()


def _write_midi(path: Path, events: list[Event], muted: set[str], taxonomy: Taxonomy) -> None:
    tempo = estimate_tempo(events) or TempoMap.constant()
    shown = [event for event in events if event.instrument not in muted]
    write_midi(path, quantise(shown, tempo, strength=0.0), tempo=tempo, taxonomy=taxonomy)


def _write_csv(path: Path, events: list[Event], muted: set[str], taxonomy: Taxonomy) -> None:
    write_csv(path, [event for event in events if event.instrument not in muted], taxonomy=taxonomy)


def _error(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status)
