"""The commands that give a collection another model: use, upgrade."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from indexer.console import ProgressLine, add_library_options, answer, say
from indexer.paths import to_text

if TYPE_CHECKING:
    from indexer.library import Library
    from indexer.upgrade import Upgrade, UpgradeReport

__all__ = ["add_upgrade_commands"]

_MOST_SHOWN = 10

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Opening = Callable[[argparse.Namespace], "Library"]


def add_upgrade_commands(command: Command, opening: Opening) -> None:
    """Add `use` and `upgrade` to a command line. `command(name, run, about)` adds one; `opening(options)` opens the library."""
    use = command("use", partial(_use, opening), "Ask with another card's query tower from now on. Nothing is indexed again.")
    use.add_argument("model", metavar="CARD", help="a card with the candidate towers that filled the collection")
    add_library_options(use)
    upgrade = command(
        "upgrade",
        partial(_upgrade, opening),
        "Give a collection another model: build its space beside the old one while searches go on, then switch at once.",
    )
    upgrade.add_argument("--model", metavar="CARD", help="build this model's space, or go on with it; then compare the two")
    after = upgrade.add_mutually_exclusive_group()
    after.add_argument("--switch", action="store_true", help="searches use the new space from now on; the old one is kept")
    after.add_argument("--back", action="store_true", help="searches use the old space again")
    after.add_argument("--discard", action="store_true", help="delete the space that is not in use")
    upgrade.add_argument("--workers", type=int, metavar="N", help="processes that read files; default: one a core")
    add_library_options(upgrade)


def _use(opening: Opening, options: argparse.Namespace) -> int:
    from indexer.upgrade import use_query_tower

    with opening(options) as library:
        before = use_query_tower(library, options.model)
    if options.json:
        answer(json.dumps({"model": options.model, "before": before.card}))
    else:
        answer(f"Searches ask with {options.model} from now on; every stored vector stays as it is.")
        if before.card != options.model:
            answer(f"To go back: python -m indexer use {before.card}")
    return 0


def _upgrade(opening: Opening, options: argparse.Namespace) -> int:
    from indexer.evaluate import compare_spaces
    from indexer.upgrade import Upgrade

    if options.model and (options.back or options.discard):
        say("error: --model builds a space; use it alone or with --switch.")
        return 2
    with opening(options) as library, ProgressLine() as line:
        if not (options.model or options.switch or options.back or options.discard):
            return _state(library, options.json)
        upgrade = Upgrade(library, workers=options.workers, on_progress=line.show, compare=compare_spaces)
        if options.discard:
            return _discard(upgrade, options.json)
        report = None
        if options.model:
            report = upgrade.build(options.model)
        if options.switch and (report is None or report.state == "ready"):
            built, report = report, upgrade.switch()
            report.comparison = built.comparison if built else None
        if options.back:
            report = upgrade.back()
    return 0 if report is None else _tell(report, options.json)


def _state(library: "Library", as_json: bool) -> int:
    library.require_existing()
    state = library.status().upgrade
    if as_json:
        answer(json.dumps(None if state is None else asdict(state)))
    elif state is None:
        answer("There is one space only. To build another: python -m indexer upgrade --model CARD")
    else:
        answer(state.note)
    return 0


def _discard(upgrade: "Upgrade", as_json: bool) -> int:
    card = upgrade.discard()
    answer(json.dumps({"discarded": card}) if as_json else f"The space of {card} is deleted.")
    return 0


def _tell(report: "UpgradeReport", as_json: bool) -> int:
    if as_json:
        answer(json.dumps(report.to_dict()))
    else:
        _show(report)
    for note in report.notes:
        say(note)
    return 1 if report.state == "stopped" else 0


def _show(report: "UpgradeReport") -> None:
    says = {
        "ready": f"The space of {report.card} is built. To use it: python -m indexer upgrade --switch",
        "switched": f"Searches use {report.card} now. To go back: python -m indexer upgrade --back",
        "back": f"Searches use {report.card} again.",
        "stopped": "Stopped.",
    }
    if report.comparison is not None:
        answer(report.comparison.table())
    answer(f"{report.contents:,} files, {report.items:,} items encoded in {report.seconds:.1f} s.")
    answer(says[report.state])
    for failure in report.failures[:_MOST_SHOWN]:
        answer(f"  missing: {to_text(failure.path)}: {failure.reason}")
    if len(report.failures) > _MOST_SHOWN:
        answer(f"  and {len(report.failures) - _MOST_SHOWN:,} more")
