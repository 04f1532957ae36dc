"""The table of kinds, and how one is entered that a call of AWS's API creates."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.aws.endpoint import ACCOUNT, LocalAws
from local.deploy.kinds.model import State, fitted


@dataclass
class Resources:
    """Creates what the program registers, and keeps what AWS does not tell of it later."""

    aws: LocalAws
    build: Callable[[Mapping[str, Any]], str]
    """Builds an image from docker.Image's `build`, and returns a handle on it."""
    alarms: dict[str, State]
    """Alarm -> its whole PutMetricAlarm."""
    on_created: Callable[[str], None] = lambda _: None
    """Told the logical name of each resource."""
    images: dict[str, str] = field(default_factory=dict[str, str])
    """Image by digest -> the engine's handle on it."""
    services: list[str] = field(default_factory=list[str])
    """The service of each resource, such as s3."""
    put_off: dict[str, list[State]] = field(default_factory=dict[str, list[State]])
    """Type token -> the inputs of what `create_put_off` is to create."""

    def create(self, token: str, name: str, inputs: State) -> State:
        """Create a resource and return what AWS, or Pulumi's provider, adds to its inputs.

        Raises:
            NotImplementedError: the embedded AWS has no such kind.
        """
        if token in self.put_off:
            self.put_off[token].append(inputs)
            return {}
        create = CREATE.get(token)
        if create is None:
            raise NotImplementedError("the embedded AWS cannot create it; see local/deploy/kinds/")
        made_up: State = {}
        if key := _AUTO_NAMED.get(token):
            made_up[key] = f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:7]}"
        state = {**made_up, **create(self, {**made_up, **inputs})}
        package, module, _ = token.split(":")
        self.services.append(module.partition("/")[0] if package == "aws" else package)
        self.on_created(name)
        return state

    def create_put_off(self) -> None:
        """Create what was put off, as a later deployment would."""
        waiting, self.put_off = self.put_off, {}
        for token, several in waiting.items():
            for inputs in several:
                self.create(token, token, inputs)


Create = Callable[[Resources, State], State]

CREATE: dict[str, Create] = {}
"""Type token -> creates such a resource."""

_AUTO_NAMED = {
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId",
    "aws:lambda/permission:Permission": "statementId",
}
"""Type token -> the input that the provider makes up, of the logical name and a random end."""


def calls(  # noqa: PLR0913 - each is one difference between kinds
    kind: str,
    operation: str,
    renamed: str = "",
    *,
    tagged: str = "",
    first: Create = lambda _local, inputs: inputs,
    then: Create = lambda _local, _state: {},
    **adds: str,
) -> None:
    """Enter a kind that one call of AWS's API creates.

    Args:
        kind: its service and name in Pulumi, such as `s3/Bucket`, or a whole type token.
        operation: the client and its method, such as `sns.create_topic`.
        renamed: the inputs that AWS has under another name, as `input=Parameter`. It may lie inside
            another one: `policy=Attributes.Policy`, or `*=Attributes.` for all that are not named.
            `input=` is left out, as nothing here acts on it.
        tagged: what EC2 calls that which gets the tags.
        first: checks the inputs, and returns them as they are or with others.
        then: does what is still to do, knowing the `request` too; returns what more AWS adds.
        adds: what AWS adds -> a format of inputs, answer, region and account: `{Role[Arn]}`.
    """

    def create(local: Resources, inputs: State) -> State:
        inputs = dict(first(local, inputs))
        if tagged:
            inputs["tagSpecifications"] = {"resourceType": tagged, "tags": inputs.pop("tags")}
        service, method = operation.split(".")
        client = local.aws.client(service)
        request = _request(client, method, renamed, inputs)
        answer = getattr(client, method)(**request)
        known = {**inputs, **answer, "region": local.aws.region, "account": ACCOUNT}
        added = {name: form.format_map(known) for name, form in adds.items()}
        return {**added, **then(local, {**inputs, **added, "request": request})}

    module, _, name = kind.partition("/")
    token = f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
    CREATE[kind if ":" in kind else token] = create


def _request(client: Any, method: str, renamed: str, inputs: State) -> State:  # noqa: ANN401 - boto3's
    """Return Pulumi's inputs as the parameters of a client's method; see `calls`."""
    names = dict(pair.split("=") for pair in renamed.split())
    within = names.pop("*", "")
    found: State = {}
    for name, value in inputs.items():
        path = names.get(name, f"{within}{name}")
        if value is None or not path:
            continue
        *above, last = path.split(".")
        place = found
        for step in above:
            place = place.setdefault(step, {})
        place[last] = value
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    return fitted(found, model.input_shape)
