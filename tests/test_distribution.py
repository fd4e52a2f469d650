"""What is published: the wheel and the sdist, and the README as a package index shows it. `make dist` does more."""

from __future__ import annotations

import email
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from readme_renderer import markdown

ROOT = Path(__file__).parents[1]
REPOSITORY = re.compile(r"https://(?:github|raw\.githubusercontent)\.com/[\w-]+/realtimekit/(?:blob/)?main/([^)#\s]+)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    sys.path.insert(0, str(ROOT))
    try:
        from tools import distribution
    finally:
        sys.path.remove(str(ROOT))
    files = distribution.build(tmp_path_factory.mktemp("dist"), isolated=False)
    again = distribution.build(tmp_path_factory.mktemp("again"), isolated=False)
    assert distribution.digests(files) == distribution.digests(again)
    distribution.check(files)
    return files


def test_the_wheel_holds_the_package_alone(built: list[Path]) -> None:
    (wheel,) = (file for file in built if file.suffix == ".whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    tracked = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src" / "realtimekit").rglob("*")}
    assert "realtimekit/py.typed" in names
    assert not [name for name in names if name not in tracked or name.endswith(".pyc")]
    modules = {name for name in tracked if name.endswith(".py")}
    assert modules <= set(names)


def test_the_sdist_has_what_builds_the_wheel(built: list[Path]) -> None:
    (sdist,) = (file for file in built if file.suffix == ".gz")
    with tarfile.open(sdist) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}
    assert top == {"src", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", ".gitignore", "PKG-INFO"}


def test_the_links_of_the_readme_work_on_a_package_index(built: list[Path]) -> None:
    (wheel,) = (file for file in built if file.suffix == ".whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        readme = str(email.message_from_bytes(archive.read(name)).get_payload())
    rendered = markdown.render(readme)
    assert rendered is not None, "a package index shows no README"
    pictures = re.findall(r'<img src="([^"]+)"', rendered)
    assert [urlsplit(url).netloc for url in pictures] == ["raw.githubusercontent.com"] * 2
    targets = re.findall(r"\]\(([^)\s]+)\)", readme)
    assert not [target for target in targets if not target.startswith(("https://", "#"))]
    here = [match.group(1) for target in targets if (match := REPOSITORY.match(target))]
    assert len(here) > 5
    assert not [path for path in here if not (ROOT / path).exists()]
