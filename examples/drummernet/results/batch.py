"""Transcribe thousands of files into one table, and go on where it stopped."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ddsp_drums._atomic import write_whole
from drummernet.hearing.transcriber import Transcriber
from drummernet.results.files import FAILURES, reason_of

__all__ = ["Row", "Summary", "transcribe_many", "transcribe_row"]

Row = dict[str, Any]
"""`path`, `duration_s`, `events` (each with `onset_s`, `instrument`, `velocity`, `confidence`) and `error`, of which
one of the last two is None."""
_PART = 64  # rows of a Parquet file
_PARTS = "part-{}.parquet"
_BEGIN = b'{"path": '  # of a line


class Summary(NamedTuple):
    """What became of the files.

    Attributes:
        done: How many were transcribed.
        failed: The reason, one line, of each that could not be, now or when it got its row.
        skipped: How many had a row with hits already.
    """

    done: int
    failed: dict[str, str]
    skipped: int


def transcribe_many(paths: Iterable[str | Path], out: str | Path, *, engine: str = "local", **options: Any) -> Summary:
    """Transcribe files into a table with a row for each; files that have a row are skipped.

    A file that cannot be read has a row with its error, and does not stop the rest; it is not tried again either. What
    is interrupted is done again, but for the rows that were written.

    Args:
        paths: The files, by names that all machines of a cluster know.
        out: A file that ends in `.jsonl`, with a line of JSON a row, or one in `.parquet`, a folder of Parquet files.
        engine: `"local"`, one after the other in this process, or `"ray"`, with Ray Data on all cores of this machine
            or of the cluster that `RAY_ADDRESS` names.
        options: Of `Transcriber`.

    Returns:
        How many files were done, failed and skipped.

    Raises:
        ImportError: If Ray or pyarrow is needed and not installed.
        ValueError: If `engine` or the suffix of `out` is unknown, `out` is there and no such table, or `options` are
            none of `Transcriber`.
    """
    out = Path(out)
    tables = {".jsonl": (_read_lines, _write_lines), ".parquet": (_read_parts, _write_parts)}
    if out.suffix not in tables:
        raise ValueError(f"out must end in {' or '.join(tables)}, got {out}")
    if engine not in ("local", "ray"):
        raise ValueError(f"engine must be 'local' or 'ray', got {engine!r}")
    read, write = tables[out.suffix]
    asked = dict.fromkeys(str(path) for path in paths)
    known = read(out)
    left = [path for path in asked if path not in known]
    failed = {path: error for path in asked if (error := known.get(path)) is not None}
    skipped, before = len(asked) - len(left) - len(failed), len(failed)
    if left:
        write(out, _noting(_run(left, engine, options), failed))
    return Summary(len(left) - len(failed) + before, failed, skipped)


def transcribe_row(transcriber: Transcriber, path: str) -> Row:
    """Transcribe a file into its row, whatever may be wrong with it."""
    try:
        heard = transcriber.file(path, activations=False)
    except FAILURES as error:
        return {"path": path, "duration_s": None, "events": None, "error": reason_of(error)}
    events = [
        {
            "onset_s": event.onset_s,
            "instrument": event.instrument,
            "velocity": event.velocity,
            "confidence": event.confidence,
        }
        for event in heard.events
    ]
    return {"path": path, "duration_s": heard.duration_s, "events": events, "error": None}


def _run(paths: list[str], engine: str, options: dict[str, Any]) -> Iterable[Row]:
    if engine == "local":
        return map(partial(transcribe_row, Transcriber(**options)), paths)
    from drummernet.results.ray_engine import run

    return run(paths, options)


def _noting(rows: Iterable[Row], failed: dict[str, str]) -> Iterator[Row]:
    for row in rows:
        if row["error"] is not None:
            failed[row["path"]] = row["error"]
        yield row


def _read_lines(out: Path) -> dict[str, str | None]:
    """Return the error, if any, of each path that has a row, and cut off a row that was interrupted."""
    if not out.exists():
        return {}
    known: dict[str, str | None] = {}
    whole = 0  # bytes of the lines that are
    with out.open("r+b") as file:
        for line in file:
            if not line.endswith(b"\n") and line.startswith(_BEGIN[: len(line)]):
                file.truncate(whole)
                break
            try:
                row = json.loads(line)
                known[row["path"]] = row["error"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{out}: is there, and no table of transcriptions; choose another name") from error
            whole += len(line)
    return known


def _write_lines(out: Path, rows: Iterable[Row]) -> None:
    with out.open("a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            file.flush()


def _read_parts(out: Path) -> dict[str, str | None]:
    if not out.exists():
        return {}
    parquet = _parquet()
    tables = [parquet.read_table(part, columns=["path", "error"]).to_pydict() for part in out.glob(_PARTS.format("*"))]
    return {path: error for table in tables for path, error in zip(table["path"], table["error"], strict=True)}


def _write_parts(out: Path, rows: Iterable[Row]) -> None:
    import io

    parquet = _parquet()
    import pyarrow

    event = pyarrow.struct(
        [
            ("onset_s", pyarrow.float64()),
            ("instrument", pyarrow.string()),
            ("velocity", pyarrow.uint8()),
            ("confidence", pyarrow.float32()),
        ]
    )
    fields = {
        "path": pyarrow.string(),
        "duration_s": pyarrow.float64(),
        "events": pyarrow.list_(event),
        "error": pyarrow.string(),
    }
    out.mkdir(exist_ok=True)
    number = 1 + max((int(part.stem.partition("-")[2]) for part in out.glob(_PARTS.format("*"))), default=-1)

    def write(part: list[Row]) -> None:
        buffer = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(part, pyarrow.schema(list(fields.items()))), buffer)
        write_whole(out / _PARTS.format(f"{number:05}"), buffer.getvalue())

    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == _PART:
            write(part)
            part, number = [], number + 1
    if part:
        write(part)


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install 'ddsp_drums[ray]'") from error
    return pyarrow.parquet
