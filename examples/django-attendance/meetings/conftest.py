"""Django for pytest: what the plugin pytest-django does, if you have it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator

import django
import pytest
from django.db import transaction
from django.test.utils import setup_databases, setup_test_environment, teardown_databases, teardown_test_environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DJANGO_SECRET_KEY", "of the tests")
os.environ["DJANGO_DATA_DIR"] = tempfile.mkdtemp()
django.setup()


@pytest.fixture(scope="session")
def database() -> Generator[None]:
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    yield
    teardown_databases(databases, verbosity=0)
    teardown_test_environment()
    shutil.rmtree(os.environ["DJANGO_DATA_DIR"])


@pytest.fixture(autouse=True)
def rolled_back(database: None) -> Generator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
