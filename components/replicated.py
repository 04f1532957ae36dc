"""What a stack replicates to its other region, as both regions' stacks name it."""

from typing import NamedTuple

from components import names
from components.settings import Settings, key_prefix


class Rule(NamedTuple):
    """One rule of a bucket's replication; each has metrics of its own."""

    id: str
    """As AWS's metrics name it: the bucket, and a number where it has several rules."""
    bucket: str
    """Which of the created ones, by what its name says: input or output."""
    prefix: str
    """What the keys begin with that are replicated, so that spot's checkpoints are not."""

    def dimensions(self, prefix: str, account: str, source: str, target: str) -> dict[str, str]:
        """Return those of AWS's metrics of the rule from one region to the other."""
        source, target = (
            names.bucket(prefix, self.bucket, account, region) for region in (source, target)
        )
        return {"SourceBucket": source, "DestinationBucket": target, "RuleId": self.id}


def rules(settings: Settings) -> list[Rule]:
    """Return what is replicated to the other region; nothing where there is none."""
    if not settings.recovery.region:
        return []
    outputs = [each.output for each in settings.schedules.values()]
    inputs = settings.sources if settings.recovery.inputs else []
    return [
        Rule(bucket if number == 1 else f"{bucket}-{number}", bucket, prefix)
        for bucket, places in (("input", inputs), ("output", outputs))
        for number, prefix in enumerate(
            key_prefix.widest(each.prefix for each in places if each.bucket is None), start=1
        )
    ]
