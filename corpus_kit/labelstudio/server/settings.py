"""What a private Label Studio is told: its login, and an environment in which nothing leaves the machine.

Label Studio reads every setting from variables with three possible prefixes, including names as common as `HOST` or
`DATABASE_NAME`. The server therefore gets a small environment made here, never the user's own.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.storage.folders import write_whole

LOGIN_FILE = "login.json"
SEAL = "http://127.0.0.1:9"
"""A proxy that no one serves. With analytics, version check and Sentry off, the page header still makes the server
fetch tips from a public site (`/heidi-tips`); through this proxy every such request fails at once, on this machine."""
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Login:
    """The private server's one account. `password` and `token` never appear in its repr."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


def login_of(data: Path) -> Login:
    """The login kept in a data folder, made on first use (`login.json`, mode 0600).

    The address is unique to the folder: it is what tells annotators apart once two people's exports meet in one corpus.
    """
    path = data / LOGIN_FILE
    if path.is_file():
        try:
            kept = json.loads(path.read_text("utf-8"))
            return Login(kept["email"], kept["password"], kept["token"])
        except (ValueError, KeyError, TypeError) as e:
            raise EnvironmentProblemError(
                f"{path} is damaged.", "Delete it: the next start makes another login, which sees the same projects."
            ) from e
    email = f"annotator-{secrets.token_hex(4)}@localhost"
    login = Login(email, secrets.token_urlsafe(12), secrets.token_hex(20))
    write_private(path, json.dumps({"email": login.email, "password": login.password, "token": login.token}, indent=1))
    return login


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    write_whole(path, text.encode("utf-8"), mode=0o600)


def server_variables(data: Path, port: int, login: Login | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    """The whole environment of the server process; `extra` wins, for what a user wants otherwise."""
    made = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    made |= {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "LABEL_STUDIO_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "CONVERTER_DOWNLOAD_RESOURCES": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "DEBUG": "false",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
    for scheme in ("http", "https", "all"):
        made[f"{scheme}_proxy"] = made[f"{scheme.upper()}_PROXY"] = SEAL
    made["no_proxy"] = made["NO_PROXY"] = "127.0.0.1,localhost,::1"
    if login:
        made |= {
            "LABEL_STUDIO_USERNAME": login.email,
            "LABEL_STUDIO_PASSWORD": login.password,
            "LABEL_STUDIO_USER_TOKEN": login.token,
        }
    return made | dict(extra or {})
