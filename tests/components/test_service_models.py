"""What travels of AWS's service models: what each function calls, and not a shape more."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.regions import EndpointResolver

from components import function_archive, service_models
from components.aws import models
from pipeline.kind import Kind
from tests import lambda_calls
from tests.conftest import REGION, ROOT
from tests.lambda_models import FUNCTIONS, operations

Json = dict[str, Any]

every_function = pytest.mark.parametrize("function", FUNCTIONS)
SERVICES = [(name, service) for name in FUNCTIONS for service in operations(name)]
every_service = pytest.mark.parametrize(("function", "service"), SERVICES)

EVERYTHING = (*Kind, function_archive.RECOVERY)
FOR_HELP = {"documentation", "documentationUrl", "enum", "max", "pattern"}
"""Keys of shapes and operations that a client has for its help only."""


def code(function: str) -> str:
    """Return all that runs in a function, as one text."""
    folders = (ROOT / "lambda" / function, ROOT / "lambda" / "pipeline")
    return "\n".join(path.read_text("utf-8") for each in folders for path in each.glob("*.py"))


def whole(service: str) -> Json:
    return models.loader().load_service_model(service, "service-2")


def carried(function: str, service: str, kind: str = "service-2") -> Json:
    files = service_models.files(operations(function), REGION)
    [text] = [v for k, v in files.items() if k.startswith(f"{service}/") and f"/{kind}." in k]
    return json.loads(text)


def reached(shape: Shape | None, found: set[str]) -> set[str]:
    """Return the names of a shape and of all that it is made of."""
    if shape is None or shape.name in found:
        return found
    found.add(shape.name)
    if isinstance(shape, StructureShape):
        for member in shape.members.values():
            reached(member, found)
    elif isinstance(shape, ListShape):
        reached(shape.member, found)
    elif isinstance(shape, MapShape):
        reached(shape.key, found)
        reached(shape.value, found)
    return found


def missing(full: Any, here: Any) -> Iterator[str]:
    """Yield each key that a part of a model has lost, and values that are others."""
    if isinstance(full, dict):
        for key, value in cast("Json", full).items():
            if key in here:
                yield from missing(value, here[key])
            else:
                yield key
    elif full != here:
        yield f"{full} became {here}"


class TestOperations:
    @every_function
    def test_listed_beside_a_function_are_those_that_its_code_calls(self, function: str) -> None:
        listed = {
            f"{service}:{operation}"
            for service, called in operations(function, EVERYTHING).items()
            for operation in called
        }
        called, where = lambda_calls.operations(function), f"lambda/{function}/operations.json"
        assert called - listed == set(), f"add it to {where}, or no client knows it on Lambda"
        assert listed - called == set(), f"take it out of {where}: nothing calls it"
        assert operations(function).keys() == lambda_calls.clients(function)

    @every_function
    def test_are_called_by_clients_of_those_models(self, function: str) -> None:
        assert not re.search(r"boto3\.(client|resource)|get_waiter", code(function))


class TestModels:
    @every_service
    def test_have_every_shape_that_an_operation_needs_and_no_other(
        self, function: str, service: str
    ) -> None:
        full, needed = ServiceModel(whole(service), service), set[str]()
        for name in operations(function)[service]:
            model = full.operation_model(name)
            for shape in (model.input_shape, model.output_shape, *model.error_shapes):
                reached(shape, needed)
        found = carried(function, service)
        assert found["shapes"].keys() == needed
        assert list(found["operations"]) == operations(function)[service]

    @every_service
    def test_have_all_of_them_that_a_client_uses(self, function: str, service: str) -> None:
        found, full = carried(function, service), whole(service)
        trimmed = {"shapes", "operations"}
        for kind in trimmed:
            for name, each in found[kind].items():
                assert {*missing(full[kind][name], each)} <= FOR_HELP, name
        # botocore fails where these are without their documentation.
        for part in full.keys() - trimmed:
            assert found[part] == full[part]

    @every_service
    def test_are_in_botocores_own_order_on_every_machine(self, function: str, service: str) -> None:
        found = carried(function, service)
        assert list(found["shapes"]) == [
            n for n in whole(service)["shapes"] if n in found["shapes"]
        ]

    @every_service
    def test_turn_pages_as_botocore_does(self, function: str, service: str) -> None:
        full = models.loader().load_service_model(service, "paginators-1")["pagination"]
        wanted = {name: full[name] for name in operations(function)[service] if name in full}
        if wanted:
            assert carried(function, service, "paginators-1")["pagination"] == wanted

    @every_service
    def test_speak_a_protocol_that_an_older_botocore_knows(
        self, function: str, service: str
    ) -> None:
        """It reads `protocol` and `signatureVersion`, a newer one `protocols` and `auth`."""
        metadata = carried(function, service)["metadata"]
        assert metadata["protocol"] in ("json", "rest-json", "rest-xml", "query")
        assert metadata["signatureVersion"] in ("v4", "s3", "s3v4")

    @every_function
    def test_are_small(self, function: str) -> None:
        """Pulumi keeps an archive's texts in its state, twice."""
        files = service_models.files(operations(function), REGION)
        assert sum(map(len, files.values())) < 80_000


class TestEndpoints:
    def test_are_those_of_botocore_in_every_region(self) -> None:
        full: Any = EndpointResolver(models.loader().load_data("endpoints"))
        for region in models.sagemaker_regions():
            text = service_models.files(operations("observer"), region)["endpoints.json"]
            found: Any = EndpointResolver(json.loads(text))
            for service in operations("observer"):
                prefix = whole(service)["metadata"]["endpointPrefix"]
                for variant in ({}, {"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}):
                    wanted = full.construct_endpoint(prefix, region, **variant)
                    assert found.construct_endpoint(prefix, region, **variant) == wanted

    def test_have_the_global_one_that_an_older_botocore_takes_for_s3(self) -> None:
        full: Any = EndpointResolver(models.loader().load_data("endpoints"))
        text = service_models.files(operations("launcher"), "us-east-1")["endpoints.json"]
        found: Any = EndpointResolver(json.loads(text))
        wanted = full.construct_endpoint("s3", "aws-global")
        assert wanted["hostname"] == "s3.amazonaws.com"
        assert found.construct_endpoint("s3", "aws-global") == wanted
