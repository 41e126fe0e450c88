"""A training run's settings as a TOML file: read with every mistake named, written with every setting explained."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal, get_args, get_origin, get_type_hints

from encoders.errors import FileError, InputError
from encoders.training.config import Rate, TrainConfig

__all__ = ["example_config", "parse_config", "read_config", "write_config"]

_WIDTH = 118
_HEAD = """\
# How to train towers on your own pictures and texts. Every default is good: fill in [data] train and run
#     python -m encoders train THIS-FILE
# What is left out has the value shown here. Paths are seen from where the command is run.
"""


def read_config(path: Path) -> TrainConfig:
    """Read a TOML file. Raises FileError when it cannot be read, InputError for a setting that is none, with its key."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(
            f"the settings {path} cannot be read: {error.strerror}. Get some with: python -m encoders train --example > {path}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path} is not a TOML file: {error}") from error
    try:
        return parse_config(said)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse_config(said: Mapping[str, Any]) -> TrainConfig:
    """Sections as TOML gives them -> settings. Raises InputError naming key, value and the nearest key there is.

    >>> parse_config({"loss": {"kind": "bpr"}}).loss.kind
    'bpr'
    >>> parse_config({"loss": {"temprature": 0.1}})
    Traceback (most recent call last):
    encoders.errors.InputError: [loss] temprature = 0.1: there is no such setting. Did you mean temperature?
    """
    sections = get_type_hints(TrainConfig)
    for name, value in said.items():
        if name not in sections:
            raise InputError(f"[{name}]: there is no such section. {_nearest(name, sections)}")
        if not isinstance(value, dict):
            raise InputError(f"{name} = {_toml(value)}: {name} is a section; write [{name}] on a line of its own")
    return TrainConfig(**{name: _section(sections[name], value, f"[{name}]") for name, value in said.items()})


def write_config(config: TrainConfig) -> str:
    """Settings -> TOML that `read_config` reads, each with its comment."""
    parts = []
    for section in fields(TrainConfig):
        settings = getattr(config, section.name)
        about = " ".join((type(settings).__doc__ or "").split())
        lines = [f"[{section.name}]  # {about}"]
        hints = get_type_hints(type(settings), include_extras=True)
        lines += [line for name, hint in hints.items() for line in _lines(name, hint, getattr(settings, name))]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def example_config() -> str:
    """The settings of a run with every default, each explained."""
    return f"{_HEAD}\n{write_config(TrainConfig())}"


def _lines(name: str, hint: Any, value: Any) -> list[str]:
    """One setting and its comment; the comment goes above where the line would be too long."""
    kind, about = get_args(hint)
    said, comment = f"{name} = {_toml(value)}", f"# {about}"
    kinds = get_args(kind) if get_origin(kind) is Literal else ()
    if kinds and not any(f'"{kind}"' in comment for kind in kinds):
        comment += f" ({' | '.join(kinds)})"
    line = f"{said:<26} {comment}"
    return [line] if len(line) <= _WIDTH else [comment, said]


def _section(kind: Any, said: Mapping[str, Any], where: str) -> Any:
    known = get_type_hints(kind)
    values = {}
    for name, value in said.items():
        place = f"{where} {name} = {_toml(value)}"
        if name not in known:
            raise InputError(f"{place}: there is no such setting. {_nearest(name, known)}")
        values[name] = _value(known[name], value, place)
    if missing := [one.name for one in fields(kind) if one.name not in values and kind is Rate]:
        raise InputError(f"{where}: {missing[0]} is missing")
    return kind(**values)


def _value(kind: Any, value: Any, place: str) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise InputError(f"{place}: it may be {', '.join(map(_toml, get_args(kind)))}. {_nearest(value, get_args(kind))}")
        return value
    if get_origin(kind) is tuple:
        return _values(kind, value, place)
    # bool is a kind of int in Python, but nobody means 1 by true
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise InputError(f"{place}: it must be {_KINDS[kind]}")
    return value


def _values(kind: GenericAlias, value: Any, place: str) -> tuple[Any, ...]:
    inner = get_args(kind)[0]
    if not isinstance(value, list):
        raise InputError(f"{place}: it must be a list, in [ ]")
    if inner is Rate:
        if not all(isinstance(one, dict) for one in value):
            raise InputError(f'{place}: it must be a list of {{pattern = "...", rate = ...}}')
        return tuple(_section(Rate, one, f"{place}:") for one in value)
    return tuple(_value(inner, one, place) for one in value)


_KINDS = {str: 'a text, in " "', int: "a whole number", float: "a number", bool: "true or false"}


def _nearest(name: Any, known: Any) -> str:
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(map(str, known))}"


def _toml(value: Any) -> str:
    """Python -> TOML, for the few kinds that settings have.

    A string of JSON is one of TOML.
    """
    if isinstance(value, Rate):
        return f"{{pattern = {_toml(value.pattern)}, rate = {_toml(value.rate)}}}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool | int) else repr(value)
