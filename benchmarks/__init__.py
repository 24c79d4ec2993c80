"""How fast the relay is, measured: `python benchmarks/throughput.py`."""
