"""relay.toml, read and checked whole (`load`), doubted (`warnings`), and written out again (`dump`, `plain`)."""

from relay.config.doubts import warnings
from relay.config.reading import load
from relay.config.spelling import dump, plain

__all__ = ["dump", "load", "plain", "warnings"]
