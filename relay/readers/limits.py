"""How long reading one mail may take, and how much memory: what is over is the mail's fault, and is set aside with it."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one mail: `seconds` by the clock, `memory` in bytes beside what the process has before it begins."""

    seconds: float = 5.0
    memory: int = 256 * MB


LIMITS = Limits()
