"""Quantiles of the normal and of Student's t without scipy, which takes a second to import.

The normal quantile is the standard library's (Wichura 1988, AS 241). The t distribution function
for whole degrees of freedom is a finite sum (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4); its
quantile is found from it by Newton steps. Above `_EXPAND_FROM` degrees of freedom the expansion
26.7.5 takes over, where its error is below 1e-10.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_EXPAND_FROM = 300


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal; `probability` strictly between 0 and 1."""
    return _NORMAL.inv_cdf(probability)


def two_sided_z(level: float = 0.95) -> float:
    """The z of a two-sided interval: 1.96 for a level of 0.95."""
    return _NORMAL.inv_cdf(0.5 + level / 2)


def _within(t: float, degrees: int) -> float:
    """P(-t < T < t) for T of Student's t with whole `degrees` of freedom."""
    angle = math.atan2(t, math.sqrt(degrees))
    cosine_squared = math.cos(angle) ** 2
    even = degrees % 2 == 0
    term, total = 1.0, 0.0
    if not even:
        term = math.cos(angle)
    start = 1 if even else 2
    for k in range(start, degrees, 2):
        total += term
        term *= cosine_squared * k / (k + 1)
    if even:
        return math.sin(angle) * total
    return (angle + math.sin(angle) * total) * 2 / math.pi


def _expansion(z: float, degrees: int) -> float:
    z2 = z * z
    terms = (
        (z2 + 1) / 4,
        ((5 * z2 + 16) * z2 + 3) / 96,
        (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
        ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
    )
    return z + sum(z * term / degrees ** (power + 1) for power, term in enumerate(terms))


@lru_cache(maxsize=4096)
def two_sided_t(degrees: int, level: float = 0.95) -> float:
    """The t of a two-sided interval with whole `degrees` of freedom (12.706 for 1 and 0.95)."""
    if degrees < 1:
        raise ValueError("degrees of freedom must be at least 1")
    if degrees == 1:
        return math.tan(math.pi * level / 2)
    t = _expansion(two_sided_z(level), degrees)
    if degrees > _EXPAND_FROM:
        return t
    log_constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    for _ in range(60):
        density = 2 * math.exp(log_constant - (degrees + 1) / 2 * math.log1p(t * t / degrees))
        step = (_within(t, degrees) - level) / density
        t -= step
        if abs(step) < 1e-13 * t:
            break
    return t
