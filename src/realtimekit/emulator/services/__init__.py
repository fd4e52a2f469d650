"""The services: what the emulator does, above the world and below the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.emulator.faults import Faults
from realtimekit.emulator.services.agent_events import AgentEvents
from realtimekit.emulator.services.agents import Agents
from realtimekit.emulator.services.apps import add_first_app
from realtimekit.emulator.services.events import Events
from realtimekit.emulator.services.files import FileStore
from realtimekit.emulator.services.job_runner import JobRunner
from realtimekit.emulator.services.lifecycle import Lifecycle
from realtimekit.emulator.services.livestreams import Livestreams
from realtimekit.emulator.services.recorder import Recorder
from realtimekit.emulator.services.request_log import RequestLog
from realtimekit.emulator.services.session_artifacts import SessionArtifacts
from realtimekit.emulator.services.tokens import Tokens
from realtimekit.emulator.services.webhook_dispatcher import WebhookDispatcher

if TYPE_CHECKING:
    from realtimekit.emulator.services.events import Publish
    from realtimekit.emulator.world import World


class Services:
    """The services of one world. Each is given only those that it uses, which are made before it.

    Args:
        deliver_anywhere: whether webhooks may be sent to other machines than this one.
        publish: where events go instead of to the webhooks.
    """

    def __init__(self, world: World, *, deliver_anywhere: bool = False, publish: Publish | None = None) -> None:
        self._world = world
        self.request_log: RequestLog = RequestLog()
        self.faults: Faults = Faults()
        self.tokens: Tokens = Tokens(world)
        self.files: FileStore = FileStore(world)
        self.webhooks: WebhookDispatcher = WebhookDispatcher(world, anywhere=deliver_anywhere)
        self.events: Events = Events(world, self.files, publish or self.webhooks.publish)
        self.artifacts: SessionArtifacts = SessionArtifacts(world, self.files, self.events)
        self.livestreams: Livestreams = Livestreams(world, self.events)
        self.recorder: Recorder = Recorder(world, self.files, self.events)
        agent_events = AgentEvents(world)
        self.lifecycle: Lifecycle = Lifecycle(
            world,
            self.events,
            agent_events,
            recorder=self.recorder,
            livestreams=self.livestreams,
            artifacts=self.artifacts,
        )
        self.agents: Agents = Agents(
            world,
            faults=self.faults,
            tokens=self.tokens,
            events=agent_events,
            lifecycle=self.lifecycle,
            job_runner=JobRunner(world),
        )
        if world.store.row("select 1 from apps") is None:
            with world.store.transaction():
                add_first_app(world)

    def reset(self) -> None:
        """Go back to one empty app and real time; credentials and keys stay."""
        self._world.reset()
        add_first_app(self._world)
        self.agents.reset()
        self.request_log.clear()
        self.faults.clear()
