"""What must agree where a stack is in two regions, and where its data are locked."""

from collections.abc import Iterator

from components.aws import models
from components.settings import run_rules
from components.settings.model import Settings


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the second region, and with the lock of data."""
    if settings.retention.lock_days and not settings.keep_data:
        yield (
            f"retention.lock_days: {settings.retention.lock_days} keeps what data: destroy is to "
            "delete; set data to keep, or leave lock_days out"
        )
    if not (region := settings.recovery.region):
        yield from _unused(settings)
        return
    if region == settings.region:
        yield f"recovery.region: {region} is aws:region itself; name another region"
    elif models.partition(region) != models.partition(settings.region):
        yield (
            f"recovery.region: {region} is in another partition than aws:region "
            f"{settings.region}, and S3 replicates from none to another; name a region of this one"
        )
    for name, schedule in settings.schedules.items():
        if bucket := schedule.output.bucket:
            yield (
                f"{run_rules.key(name, schedule, 'output', 'bucket')}: {bucket} is an existing "
                "one, which its owner replicates; leave it out, or do without recovery"
            )
    if settings.recovery.inputs and None not in [each.bucket for each in settings.sources]:
        yield (
            "recovery.inputs: has no effect, as all is read from existing buckets, which their "
            "owners replicate; leave it out"
        )
    if settings.is_pilot_light:
        yield from _pilot_light(settings)


def _unused(settings: Settings) -> Iterator[str]:
    for field in sorted(settings.recovery.model_fields_set - {"region"}):
        yield f"recovery.{field}: has no effect without recovery.region; set that, or leave it out"


def _pilot_light(settings: Settings) -> Iterator[str]:
    image, stack, home = settings.image, settings.stack, settings.recovery.of
    if image.shared_with:
        yield (
            "image.shared_with: a pilot light has no repository to share; list the stacks in "
            f"Pulumi.{home}.yaml"
        )
    if not image.uri:
        yield (
            f"image: has no uri, and a pilot light builds none; it runs the image of {home}: "
            f"pulumi config set --path image.uri $(pulumi stack output image_uri --stack {home}) "
            f"--stack {stack}"
        )
