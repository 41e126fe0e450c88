"""Command line of the indexer: add, read, status, failures, use, upgrade, remove... Results to stdout, progress to stderr."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from indexer.console import ProgressLine, add_library_options, guarded, say
from indexer.home import DEFAULT_COLLECTION
from indexer.ocr_command import add_read_command, read_words, require_reading, tell_reading
from indexer.pairs_command import add_pairs_commands
from indexer.paths import to_text
from indexer.stages import tell_stages
from indexer.upgrade_command import add_upgrade_commands

if TYPE_CHECKING:
    from indexer.library import Library
    from indexer.pipeline import Report

_EPILOG = """examples:
  python -m indexer add ~/Pictures ~/Documents      index two folders, or bring them up to date
  python -m indexer add                             bring everything that was added before up to date
  python -m indexer read                            read the words inside pictures, so that they are found
  python -m indexer failures                        which files could not be indexed, and why
  python -m indexer use CARD                        ask with another query tower; nothing is indexed again
  python -m indexer upgrade --model CARD            build the space of another model beside; searches go on
  python -m indexer remove ~/Pictures/private       take a folder out of the index (the files stay)
  python -m indexer evaluate --against CARD         how well two models find what is in your own library
  python -m indexer pairs --out mine.jsonl          training data made of your own library
"""

_STOPPED = "stopped. What was reported as indexed is there; run the same command again to go on."


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error with a message, 2 wrong usage, 130 stopped."""
    options = _parser().parse_args(arguments)
    return guarded(lambda: options.run(options), _STOPPED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m indexer",
        description="Index folders of pictures and documents for search by meaning.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        return sub

    add = command("add", _add, "Index files and folders, or bring them up to date.")
    add.add_argument("paths", nargs="*", metavar="PATH", help="file or folder; none: all that were added before")
    add.add_argument("--model", metavar="CARD", help="model card (python -m encoders cards); default: starter")
    add.add_argument("--retry-failed", action="store_true", help="try files again that failed before")
    add.add_argument(
        "--limit", action="append", default=[], metavar="NAME=NUMBER", help="another limit for a file; see docs/files.md"
    )
    add.add_argument("--workers", type=_positive, metavar="N", help="processes that read files; default: one a core")
    add.add_argument("--read", action="store_true", help="afterwards read the words inside pictures, as the command read does")
    add_library_options(add)
    add_read_command(command, _library)
    add_library_options(command("status", _status, "How the collection stands."))
    add_library_options(command("failures", _failures, "Files that could not be indexed, and why."))
    add_upgrade_commands(command, _library)
    remove = command("remove", _remove, "Take files and folders out of the index. The files themselves stay.")
    remove.add_argument("paths", nargs="+", metavar="PATH")
    add_library_options(remove)
    drop = command("drop", _drop, "Delete a whole collection: vectors, thumbnails, ledger. The files themselves stay.")
    drop.add_argument("name", metavar="COLLECTION")
    add_library_options(drop)
    add_pairs_commands(command, _library)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _add(options: argparse.Namespace) -> int:
    from indexer.limits import limits_from

    limits = limits_from(options.limit)
    if options.read:
        require_reading()  # to be known before, not after hours
    with _library(options) as library:
        with ProgressLine() as line:
            report = library.add(
                options.paths,
                model=options.model,
                retry_failed=options.retry_failed,
                limits=limits,
                workers=options.workers,
                on_progress=line.show,
            )
        if not options.json:
            _tell(report)
        for note in report.notes:
            say(note)
        reading = None
        if options.read and report.state != "stopped":
            reading = read_words(library, limits, options.retry_failed)
            if not options.json:
                tell_reading(reading)
    if options.json:
        print(json.dumps(asdict(report) | ({"ocr": asdict(reading)} if reading else {})))
    if "stopped" in (report.state, reading and reading.state):
        say(_STOPPED)
        return 1
    return 0


def _tell(report: "Report") -> None:
    what = "Stopped" if report.state == "stopped" else "Done"
    print(
        f"{what} in {report.seconds:.1f} s: {report.indexed:,} indexed, {report.unchanged:,} unchanged, "
        f"{report.renamed:,} renamed, {report.removed:,} removed, {report.failed:,} failed; "
        f"{report.items:,} items written ({report.items_per_second:,.1f} a second)."
    )
    if pace := tell_stages(report.stages):
        print(pace)
    if report.skipped:
        kinds = ", ".join(f"{count:,} {extension}" for extension, count in list(report.skipped.items())[:8])
        print(f"Passed over {sum(report.skipped.values()):,} files of kinds that are not read: {kinds}.")
    if report.failed:
        print("Which files failed, and why: python -m indexer failures")


def _status(options: argparse.Namespace) -> int:
    with _library(options) as library:
        status = library.status()
    if options.json:
        print(json.dumps(asdict(status)))
        return 0
    print(f"Collection  {status.collection} in {library.home.path}")
    print(f"Model       {status.model or 'none yet'}")
    print(f"Files       {status.sources:,} indexed ({status.images:,} pictures, {status.documents:,} documents)")
    print(f"Items       {status.items:,} pictures and passages")
    print(f"Failed      {status.failed:,}")
    if status.missing:
        print(f"Missing     {status.missing:,} files since the model was changed: python -m indexer failures")
    print(f"Engine      {status.engine}. {status.search_note}")
    for folder in status.folders:
        print(f"Folder      {folder.path} ({folder.sources:,} files)")
    if status.ocr is not None:
        left = f", {status.ocr.left:,} left: python -m indexer read" if status.ocr.left else ""
        print(f"Words       read in {status.ocr.read:,} pictures, {status.ocr.failed:,} failed{left}")
    if status.upgrade is not None:
        print(f"Upgrade     {status.upgrade.note}")
    if status.run is not None:
        progress = status.run.progress
        files = "" if progress.total is None else f" {progress.done:,} of {progress.total:,} files."
        print(f"Last run    {progress.state}:{files} {progress.message or 'Nothing was new.'}")
    return 0


def _failures(options: argparse.Namespace) -> int:
    with _library(options) as library:
        library.require_existing()
        failures = library.failures()
    if options.json:
        print(json.dumps([{"path": to_text(f.path), "reason": f.reason, "when": f.when} for f in failures]))
        return 0
    for failure in failures:
        when = datetime.fromtimestamp(failure.when).astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{when}  {to_text(failure.path)}\n    {failure.reason}")
    if not failures:
        print("No file failed.")
    return 0


def _remove(options: argparse.Namespace) -> int:
    with _library(options) as library:
        removed = library.remove(options.paths)
    print(json.dumps({"removed": removed}) if options.json else f"Removed {removed:,} files from the index.")
    return 0


def _drop(options: argparse.Namespace) -> int:
    options.collection = options.name
    with _library(options) as library:
        library.drop()
    print(json.dumps({"dropped": options.name}) if options.json else f"Dropped the collection {options.name}.")
    return 0


def _library(options: argparse.Namespace) -> "Library":
    from indexer.library import Library

    return Library(options.home, options.collection or DEFAULT_COLLECTION, options.url, on_wait=say)


if __name__ == "__main__":
    sys.exit(main())
