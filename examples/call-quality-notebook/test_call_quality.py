"""Runs the notebook in a kernel of its own, on an emulator."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator

NOTEBOOK = Path(__file__).with_name("call_quality.ipynb")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    node: nbformat.NotebookNode = nbformat.read(NOTEBOOK, as_version=4)
    return node


def run(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return what each cell shows, by the cell's id."""
    NotebookClient(notebook, timeout=60).execute()
    return {
        cell["id"]: "".join(str(data) for output in cell["outputs"] for data in output["data"].values())
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    }


@pytest.mark.usefixtures("realtimekit_server")  # the environment points to the emulator: the kernel's, too
def test_every_cell_runs(
    notebook: nbformat.NotebookNode, realtimekit_client: RealtimeKit, realtimekit_emulator: Emulator
) -> None:
    meeting = realtimekit_client.meetings.create(title="Weekly")
    for name in ("Alice", HOSTILE):
        person = meeting.participants.create(name=name, custom_participant_id=name, preset_name="group_call_host")
        realtimekit_emulator.join(meeting.id, person.id)
    realtimekit_emulator.advance(1800)
    realtimekit_emulator.end(meeting.id)

    shown = run(notebook)
    assert "ENDED" in shown["session"]
    assert all("Alice" in shown[cell] for cell in ("quality", "samples", "course"))
    assert "what happened" in shown["findings"]
    assert "received" in shown["samples"]
    assert "<svg" in shown["course"]
    html = [output["data"].get("text/html", "") for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert sum(map(len, html)) > 1000
    assert HOSTILE not in "".join(html) + shown["course"]


def test_there_is_no_output_in_the_file(notebook: nbformat.NotebookNode) -> None:
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"]] == []
