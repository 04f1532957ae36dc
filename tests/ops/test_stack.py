from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.settings import stack_file
from ops import stack
from ops.stack import OpsError, UsageError
from tests.conftest import PROJECT, ROOT
from tests.ops.endpoint import ACCESS_KEY, URL, put_endpoint, put_text
from tests.ops.world import World


class TestLoad:
    @pytest.mark.parametrize("name", ["dev", "staging", "prod"])
    def test_every_stack_of_the_repository_is_found_by_its_file(self, name: str) -> None:
        assert (ROOT / f"Pulumi.{name}.yaml").is_file()
        found = stack.load(name)
        keys = stack_file.keys(ROOT, name)
        prefix = keys[f"{PROJECT}:prefix"]
        assert (found.launcher, found.table) == (f"{prefix}-launcher", f"{prefix}-journal")
        assert found.region == keys["aws:region"]
        assert found.endpoint is None

    def test_an_unknown_stack_is_answered_with_those_that_there_are(self, project: Path) -> None:
        del project
        with pytest.raises(UsageError, match=r"no Pulumi.production.yaml; stacks: local, prod"):
            stack.load("production")

    def test_settings_that_are_refused_are_told_in_full(self, project: Path) -> None:
        file = project / "Pulumi.prod.yaml"
        file.write_text(file.read_text("utf-8").replace("rate(1 hour)", "rate(1 hours)"), "utf-8")
        with pytest.raises(OpsError, match=r'schedules.hourly.expression = "rate\(1 hours\)"'):
            stack.load("prod")

    def test_the_local_stack_is_reached_where_it_says(self, project: Path) -> None:
        put_endpoint(project)
        found = stack.load("local")
        for service in ("dynamodb", "lambda", "logs", "sagemaker"):
            client = found.client(service)
            assert client.meta.endpoint_url == URL
            assert client._request_signer._credentials.access_key == ACCESS_KEY

    @pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"url": "http://127.0.0.1:4"}'])
    def test_a_local_stack_that_is_not_running_says_how_to_start_it(
        self, project: Path, text: str | None
    ) -> None:
        if text is not None:
            put_text(project, text)
        found = stack.load("local")
        with pytest.raises(OpsError, match="start it with: make local KEEP=yes"):
            _ = found.endpoint


class TestSlot:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-07-05T02:00:00Z",
            "2026-07-05T04:00",
            "2026-07-05T04:00:00",
            "2026-07-05T03:00:00+01:00",
        ],
    )
    def test_is_a_time_with_an_offset_or_on_the_schedules_own_clock(
        self, project: Path, text: str
    ) -> None:
        del project
        found = stack.load("prod").slot("daily", text)
        assert found == datetime(2026, 7, 5, 2, tzinfo=UTC)
        assert found.tzinfo is UTC

    @pytest.mark.parametrize("text", ["", "now", "2026-07-05", "T", "2026-07-05T04:00:00.5Z"])
    def test_anything_else_is_refused_with_an_example(self, project: Path, text: str) -> None:
        del project
        with pytest.raises(UsageError, match=r"2026-01-05T04:00 in Europe/Berlin"):
            stack.load("prod").slot("daily", text)

    def test_a_time_that_the_clock_skips_is_refused(self, project: Path) -> None:
        del project
        with pytest.raises(UsageError, match="the clock in Europe/Berlin skips this time"):
            stack.load("prod").slot("daily", "2026-03-29T02:30")

    def test_a_time_that_comes_twice_is_the_first_as_for_the_schedule(self, project: Path) -> None:
        del project
        found = stack.load("prod").slot("daily", "2026-10-25T02:30")
        assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


class TestClients:
    def test_use_the_ordinary_credentials_in_the_stacks_own_region(self, world: World) -> None:
        world.ops("list")
        assert {each["service"] for each in world.clients} == {"dynamodb", "sagemaker"}
        for each in world.clients:
            assert each.keys() == {"service", "region_name", "config"}
            assert each["region_name"] == "eu-central-1"
