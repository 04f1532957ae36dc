"""The registry of images as it is before bootstrap owns its replication configuration."""

import boto3
import pulumi
from botocore.config import Config

_PATIENCE = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 2})


def refuse_to_replace(args: pulumi.ResourceHookArgs) -> None:
    """Do nothing before a configuration is created where there is none.

    ECR would replace another one without a word, and no function of the provider reads it.

    Raises:
        RunError: the registry has rules that are not of this program.
    """
    region = (args.new_inputs or {})["region"]
    ecr = boto3.client("ecr", region_name=region, config=_PATIENCE)
    if rules := ecr.describe_registry()["replicationConfiguration"]["rules"]:
        raise pulumi.RunError(
            f"stacks: the registry in {region} has a replication of its own, which this one would "
            f"replace: {rules}. Set image_replication: existing and have its owner add a rule, as "
            "docs/deploy.md says; or end it: aws ecr put-replication-configuration --region "
            f"{region} --replication-configuration rules=[]"
        )
