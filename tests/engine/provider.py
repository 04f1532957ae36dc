"""The provider protocol, as a bridged provider speaks it, served from this process.

The engine attaches to the port of a provider that runs already (PULUMI_DEBUG_PROVIDERS), so no
plugin is installed or started, and a test sees the provider's own memory.
"""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.values import to_dict, to_struct


class Refused(Exception):  # noqa: N818 - AWS's own word for it
    """What the provider or AWS behind it does not do; the engine shows the text."""


@dataclass(frozen=True)
class Subject:
    """The resource of one request."""

    urn: str

    @property
    def kind(self) -> str:
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True)
class Diff:
    """What an update changes: path -> ADD, DELETE or UPDATE."""

    changes: Mapping[str, str] = field(default_factory=dict[str, str])
    replaces: frozenset[str] = frozenset()
    """The top-level inputs that cannot be changed in place."""
    delete_first: bool = False


@dataclass(frozen=True)
class Call:
    """One call that changed the cloud, or looked something up."""

    operation: str
    """create, update, delete or invoke."""
    kind: str
    name: str
    """The logical name; empty for an invoke."""
    id: str
    inputs: dict[str, Any]


class Plugin(Protocol):
    """What a stand-in for a provider answers. `Refused` from any of them goes to the user."""

    package: str
    version: str
    log: list[Call]

    def configure(self, args: dict[str, Any]) -> None: ...

    def check(
        self, subject: Subject, old: dict[str, Any], new: dict[str, Any], seed: bytes
    ) -> tuple[dict[str, Any], Sequence[tuple[str, str]]]:
        """Return the inputs with defaults, and (input, reason) of each failure."""
        ...

    def diff(
        self, subject: Subject, olds: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> Diff:
        """Compare the new inputs with the old outputs and inputs."""
        ...

    def plan(self, subject: Subject, olds: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs that a preview can know; without `olds` the resource is new."""
        ...

    def create(self, subject: Subject, new: dict[str, Any]) -> tuple[str, dict[str, Any]]: ...

    def update(
        self, subject: Subject, id_: str, olds: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]: ...

    def delete(self, subject: Subject, id_: str) -> None: ...

    def read(self, subject: Subject, id_: str, known: dict[str, Any]) -> dict[str, Any] | None:
        """Return the outputs that are there now, or None if the resource is gone."""
        ...

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]: ...


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates between the protocol and a plugin.

    Like a bridged provider it accepts no secrets (the engine removes and restores the marks) and
    answers previews of creation and update itself.
    https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go (Configure)
    """

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return plugin_pb2.PluginInfo(version=self._plugin.version)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        schema = {"name": self._plugin.package, "version": self._plugin.version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        old, new = to_dict(request.old_inputs), to_dict(request.news)
        changed = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        return provider_pb2.DiffResponse(
            changes=_some(bool(changed)),
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _refusals(context):
            self._plugin.configure(to_dict(request.args))
        return provider_pb2.ConfigureResponse(
            supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _refusals(context):
            inputs, failures = self._plugin.check(
                Subject(request.urn),
                to_dict(request.olds),
                to_dict(request.news),
                bytes(request.randomSeed),
            )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(property=key, reason=why) for key, why in failures],
        )

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        ignored = set(cast("Sequence[str]", request.ignoreChanges))
        with _refusals(context):
            found = self._plugin.diff(
                Subject(request.urn),
                to_dict(request.olds),
                to_dict(request.old_inputs),
                to_dict(request.news),
            )
        kept = {path: how for path, how in found.changes.items() if top(path) not in ignored}
        replaces = sorted(found.replaces.difference(ignored))
        return provider_pb2.DiffResponse(
            changes=_some(bool(kept)),
            diffs=sorted({top(path) for path in kept}),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and found.delete_first,
            hasDetailedDiff=True,
            detailedDiff={
                path: provider_pb2.PropertyDiff(
                    kind=provider_pb2.PropertyDiff.Kind.Value(
                        f"{how}_REPLACE" if top(path) in replaces else how
                    ),
                    inputDiff=True,
                )
                for path, how in kept.items()
            },
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        subject, inputs = Subject(request.urn), to_dict(request.properties)
        with _refusals(context):
            if request.preview:
                id_, outputs = "", self._plugin.plan(subject, {}, inputs)
            else:
                id_, outputs = self._plugin.create(subject, inputs)
                self._record("create", subject, id_, inputs)
        return provider_pb2.CreateResponse(id=id_, properties=to_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        with _refusals(context):
            outputs = self._plugin.read(
                Subject(request.urn), request.id, to_dict(request.properties)
            )
        if outputs is None:
            return provider_pb2.ReadResponse(id="")
        # What was an input is read as one: extractInputsFromOutputs in the bridge's pkg/tfbridge
        inputs = to_dict(request.inputs)
        inputs |= {key: value for key, value in outputs.items() if key in inputs}
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct(outputs), inputs=to_struct(inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        subject, olds, new = Subject(request.urn), to_dict(request.olds), to_dict(request.news)
        with _refusals(context):
            if request.preview:
                outputs = self._plugin.plan(subject, olds, new)
            else:
                outputs = self._plugin.update(subject, request.id, olds, new)
                self._record("update", subject, request.id, new)
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        subject = Subject(request.urn)
        with _refusals(context):
            self._plugin.delete(subject, request.id)
        self._record("delete", subject, request.id, {})
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        args = to_dict(request.args)
        self._plugin.log.append(Call("invoke", request.tok, "", "", args))
        with _refusals(context):
            answer = self._plugin.invoke(request.tok, args)
        result: Any = {"return": to_struct(answer)}  # a word of Python's
        return provider_pb2.InvokeResponse(**result)

    def _record(self, operation: str, subject: Subject, id_: str, inputs: dict[str, Any]) -> None:
        self._plugin.log.append(Call(operation, subject.kind, subject.name, id_, inputs))


def top(path: str) -> str:
    """Return the input that a path such as `tags.Name` begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _some(changed: bool) -> Any:
    response = provider_pb2.DiffResponse
    return response.DIFF_SOME if changed else response.DIFF_NONE


@contextmanager
def _refusals(context: Any) -> Generator[None]:
    try:
        yield
    except Refused as refusal:
        context.abort(grpc.StatusCode.UNKNOWN, str(refusal))


@contextmanager
def served(plugin: Plugin) -> Generator[str]:
    """Serve a plugin; yields what PULUMI_DEBUG_PROVIDERS calls it."""
    server: Any = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(plugin), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"{plugin.package}:{port}"
    finally:
        server.stop(0).wait()
