"""The private Label Studio of a corpus: started in `data/studio`, with a project for every layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType

from corpus_kit.core.progress import Progress
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project
from corpus_kit.labelstudio.server.connect import STUDIO_FOLDER
from corpus_kit.labelstudio.server.process import StudioServer, start_server
from corpus_kit.labelstudio.sync.projects import check_config, create_project, find_project
from corpus_kit.labelstudio.sync.server_context import ServerContext, exclusive_lock


@dataclass(slots=True)
class Studio:
    """A running private server and its projects by layer. Leaving a `with` block stops it if this program started it."""

    server: StudioServer
    projects: dict[str, Project] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        self.server.wait()

    def stop(self) -> None:
        self.server.stop()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)


def open_studio(site: ServerContext, progress: Progress, *, port: int | None = None) -> Studio:
    """The corpus's private server, started when it doesn't run, and its projects, made when they are missing.

    port: by default a free one. What a project's settings should be is push's business; here it is only made.

    Raises
    ------
    ConfigError: a layer that the server doesn't take. EnvironmentProblemError, ServiceError: see `start_server`.
    """
    layers = site.chosen(None)
    server = start_server(site.data / STUDIO_FOLDER, progress.remark, port=port)
    try:
        studio = Studio(server)
        with LabelStudioClient(server.url, server.login.token) as client:
            for layer in layers:
                found = find_project(client, site.title(layer.name), progress)
                if found is None:
                    with exclusive_lock(site.data, "studio", tables=False):
                        check_config(client, None, layer)
                        found = create_project(client, layer, site, progress)
                    studio.created.append(layer.name)
                studio.projects[layer.name] = found
    except BaseException:
        if server.owned:
            server.stop()
        raise
    return studio
