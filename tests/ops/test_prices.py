"""`ops prices`, on answers in the form of the Price List API.

Their form is that of public code which reads them: component, instanceName and usagetype of
instances; product family Storage and usagetype of volumes.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ops.__main__ import main
from pipeline import cost
from tests.ops.world import World


def product(usage: str, usd: str, unit: str = "Hrs", **attributes: str) -> str:
    sku = f"{abs(hash(usage)):X}"
    price = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}}
    offer = {"priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": price}, "termAttributes": {}}
    spelled = {"regionCode": "eu-central-1", "servicecode": "AmazonSageMaker", "usagetype": usage}
    return json.dumps(
        {
            "product": {"sku": sku, "attributes": spelled | attributes},
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": offer}},
        }
    )


def instance(kind: str, name: str, usd: str, component: str) -> str:
    return product(
        f"EUC1-{kind}:{name}",
        usd,
        component=component,
        instanceName=name,
        instanceType=f"{name}-{component}",
    )


def volume(kind: str, usd: str) -> str:
    return product(
        f"EUC1-{kind}:VolumeUsage.gp2", usd, "GB-Mo", platoclassificationtype=f"{kind}:VolumeUsage"
    )


PROCESSING = [
    instance("Processing", "ml.m5.large", "0.1380000000", "Processing"),
    instance("Processing", "ml.t3.medium", "0.0600000000", "Processing"),
    instance("Processing", "ml.m5.large", "0.0500000000", "Processing"),  # the dearest counts
    instance("Processing", "ml.free.large", "0.0000000000", "Processing"),
]
TRAINING = [instance("Train", "ml.m5.large", "0.1390000000", "Training")]
STORAGE = [volume("Host", "0.9"), volume("Processing", "0.119"), volume("Train", "0.167")]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"us-east-1": {"date": "2026-01-01"}}), "utf-8")
    monkeypatch.setattr(cost, "FILE", path)
    return path


def answer(world: World, *pages: list[str]) -> None:
    """Let the API answer each question with a page, the first one in two."""
    first, *rest = pages
    split: list[dict[str, Any]] = [{"PriceList": first[:1], "NextToken": "2"}]
    split.append({"PriceList": first[1:]})
    world.answers["GetProducts"] = [*split, *({"PriceList": page} for page in rest)]


class TestPrices:
    def test_of_the_stacks_region_are_written_beside_those_of_others(
        self, world: World, file: Path
    ) -> None:
        answer(world, PROCESSING, STORAGE, TRAINING, STORAGE)
        status, out, _ = world.ops("prices")
        assert status == 0
        assert "prices.json has eu-central-1 of today: 2 types for processing, 1 types" in out
        written = json.loads(file.read_text("utf-8"))
        assert written["us-east-1"] == {"date": "2026-01-01"}
        assert written["eu-central-1"].pop("source").startswith("AWS's Price List API")
        assert written["eu-central-1"] == {
            "date": "2026-01-07",
            "Processing": {
                "storage_gb_month": 0.119,
                "hourly": {"ml.m5.large": 0.138, "ml.t3.medium": 0.06},
            },
            "Training": {"storage_gb_month": 0.167, "hourly": {"ml.m5.large": 0.139}},
        }

    def test_are_asked_for_by_component_where_the_api_is_nearest(
        self, world: World, file: Path
    ) -> None:
        answer(world, PROCESSING, STORAGE, TRAINING, STORAGE)
        world.ops("prices")
        asked = [
            {each["Field"]: each["Value"] for each in params["Filters"]}
            for operation, params in world.requests
            if operation == "GetProducts"
        ]
        of = {"regionCode": "eu-central-1"}
        components = [{**of, "component": name} for name in ("Processing", "Training")]
        assert [each for each in asked if "component" in each] == [components[0], *components]
        made = [each for each in world.clients if each["service"] == "pricing"]
        assert {each["region_name"] for each in made} == {"eu-central-1"}
        assert file.exists()

    @pytest.mark.parametrize(
        ("pages", "missing"),
        [
            ([PROCESSING, []], "Processing storage"),
            ([[], STORAGE], "Processing instances"),
            ([PROCESSING, STORAGE, TRAINING, STORAGE[:2]], "Training storage"),
        ],
    )
    def test_that_are_not_all_there_are_refused_and_nothing_is_written(
        self, world: World, file: Path, pages: list[list[str]], missing: str
    ) -> None:
        before = file.read_text("utf-8")
        answer(world, *pages)
        status, _, err = world.ops("prices")
        assert status == 1
        assert f"no price of {missing} in eu-central-1: nothing is written" in err
        assert file.read_text("utf-8") == before

    def test_of_the_local_stack_need_no_local_run(self, world: World, file: Path) -> None:
        answer(world, PROCESSING, STORAGE, TRAINING, STORAGE)
        assert main(["prices", "--stack", "local"]) == 0
        assert "eu-central-1" in file.read_text("utf-8")

    def test_that_nobody_answers_for_say_so(
        self, world: World, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(*_: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://api.pricing")

        monkeypatch.setattr("ops.prices._component", gone)
        status, _, err = world.ops("prices")
        assert (status, "Price List API cannot be reached" in err) == (1, True)
        assert "eu-central-1" not in file.read_text("utf-8")
