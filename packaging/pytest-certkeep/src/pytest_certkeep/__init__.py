"""Certkeep's emulator for Python tests. The fixtures are in plugin.py; docs/testing.md of Certkeep has examples."""

from .emulator import Account, Certkeep, CertkeepError, start_certkeep

__all__ = ["Account", "Certkeep", "CertkeepError", "start_certkeep"]
