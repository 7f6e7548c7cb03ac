"""Fixtures: `certkeep` for a test, `certkeep_session` for all of them."""

import pytest

from .emulator import start_certkeep


def pytest_addoption(parser):
    group = parser.getgroup("certkeep")
    group.addoption(
        "--certkeep-strict", action="store_true", help="the emulator refuses parameters that the clouds ignore"
    )


@pytest.fixture(scope="session")
def certkeep_session(request):
    """One emulator for the whole run, started when the first test wants it."""
    certkeep = start_certkeep(strict=request.config.getoption("--certkeep-strict"))
    yield certkeep
    certkeep.stop()


@pytest.fixture
def certkeep(certkeep_session):
    """The emulator with an empty account of the test's own. Afterwards clock, faults and strictness are as they were."""
    yield certkeep_session.with_account(certkeep_session.create_account())
    certkeep_session.reset()
