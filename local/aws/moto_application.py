"""moto as the embedded AWS needs it: faster, without doors of its own, and with less opinion."""

import os
from typing import Any, cast


def create(account: str) -> Any:  # noqa: ANN401 - a WSGI application without types
    """Return moto with the state of one account."""
    # Its one import takes a second, so nobody pays for it who starts no embedded AWS.
    from moto import backends  # noqa: PLC0415
    from moto.core import utils  # noqa: PLC0415
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415
    from moto.moto_server import (  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
        utilities,
        werkzeug_app,
    )
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    # Without it a header of moto's leads into another account's state.
    os.environ.setdefault("MOTO_ACCOUNT_ID", account)

    # moto applies bucket policies without their conditions: "deny unless TLS" would deny all.
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL  # noqa: ARG005
    # moto lists its own folder for each request, and botocore's for each service: a third of the
    # time of a run.
    loader = cast("Any", utils).create_loader()
    cast("Any", utils).create_loader = lambda: loader
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    # No web page is to read an answer.
    cast("Any", werkzeug_app).DISABLE_GLOBAL_CORS = True

    class AnyText(utilities.RegexConverter):
        """moto's patterns of paths, in which `.` is a line break too: keys of objects have them."""

        def __init__(self, url_map: Any, pattern: str) -> None:  # noqa: ANN401 - of werkzeug
            super().__init__(url_map, f"(?s:{pattern})")

    cast("Any", werkzeug_app).RegexConverter = AnyText

    class Application(werkzeug_app.DomainDispatcherApplication):
        """moto without its own doors, which some paths open: to reset, seed, record and look."""

        def get_application(self, environ: dict[str, Any]) -> Any:  # noqa: ANN401 - of flask
            return super().get_application({**environ, "PATH_INFO": "/"})

    return Application(werkzeug_app.create_backend_app)


def backend(service: str, account: str, region: str) -> Any:  # noqa: ANN401 - moto has no public types
    """Return what moto keeps of a service; the region of those that have none is `aws`."""
    from moto import backends  # noqa: PLC0415 - see create

    return cast("Any", backends).get_backend(service)[account][region]
