"""The file that a local run leaves while it stays up."""

import json
from pathlib import Path

URL = "http://127.0.0.1:4"
ACCESS_KEY = "AKIALOCAL"


def put_endpoint(project: Path, url: str = URL) -> None:
    found = {"url": url, "access_key_id": ACCESS_KEY, "secret_access_key": "of-this-start"}
    put_text(project, json.dumps(found))


def put_text(project: Path, text: str) -> None:
    (project / ".local").mkdir()
    (project / ".local" / "endpoint.json").write_text(text, "utf-8")
