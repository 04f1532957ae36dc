"""What an account's quotas let a stack run, by their names in Service Quotas."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from components.settings import Settings, SizeSettings
from ops.this_machine import OK, WARNING, WRONG, Finding


class Quota(NamedTuple):
    """An applied quota."""

    value: float
    code: str


def raised(service: str, code: str, value: float, region: str) -> str:
    """Return the command that asks AWS for a higher quota."""
    return (
        f"aws service-quotas request-service-quota-increase --region {region} "
        f"--service-code {service} --quota-code {code} --desired-value {value:g}"
    )


@dataclass(frozen=True)
class Quotas:
    """The quotas of SageMaker, and the stack that is to run within them."""

    settings: Settings
    known: Mapping[str, Quota]
    """By name."""

    def findings(self) -> Iterator[Finding]:
        """Yield a line for each quota that some run of the stack meets."""
        sizes = self._sizes()
        for each in self.settings.attempt_types:
            yield self._type(each)
        most = max(size.instance_count for size in sizes)
        all_ = "Number of instances across all {}s"
        yield self._judged(all_.format("processing job"), most, self._at_once(sizes))
        yield from self._volume("processing job", sizes)
        own = self.settings.schedules.values()
        spot = [size for each in own if each.job.is_spot for size in each.sizes]
        for each in self.settings.spot_types:
            yield self._judged(f"{each} for spot training job usage", 1, 1, _ON_DEMAND)
        if spot:
            yield self._judged(all_.format("spot training job"), 1, self._at_once(spot), _ON_DEMAND)
            yield from self._volume("training job", spot)

    def _sizes(self) -> list[SizeSettings]:
        return [size for each in self.settings.schedules.values() for size in each.sizes]

    def _at_once(self, sizes: list[SizeSettings]) -> int:
        """Return how many of these instances there are if each schedule that is due has one run."""
        due = [each for each in self.settings.schedules.values() if not each.suspend]
        counts = [
            max((size.instance_count for size in each.sizes if size in sizes), default=0)
            for each in due
        ]
        return min(sum(counts), self.settings.limits.max_concurrent_instances or sum(counts))

    def _type(self, instance_type: str) -> Finding:
        name = _of_type(instance_type)
        own = self.settings.schedules.values()
        met = [s for each in own for s in each.sizes if instance_type in each.attempt_types_of(s)]
        first = [size for size in self._sizes() if size.instance_type == instance_type]
        named = [size for size in met if instance_type in size.instance_types]
        otherwise = _ANOTHER if named else _NONE_LARGER
        if not all(map(self._fits, named)):
            otherwise = ""
        one = max(size.instance_count for size in met)
        return self._judged(name, one, self._at_once(first), otherwise)

    def _fits(self, size: SizeSettings) -> bool:
        """Return whether a run of this size can have any of its types; unknown ones may do."""
        quotas = [self.known.get(_of_type(each)) for each in size.instance_types]
        return any(quota is None or quota.value >= size.instance_count for quota in quotas)

    def _judged(
        self,
        name: str,
        one: int,
        at_once: int,
        otherwise: str = "",
        more: str = "; runs at once take {}, some wait",
    ) -> Finding:
        """Judge what one run takes, and all at once; `otherwise` is what happens if one cannot."""
        quota, region = self.known.get(name), self.settings.region
        if quota is None:
            look = (
                f"aws service-quotas list-service-quotas --service-code sagemaker --region {region}"
            )
            return Finding("quota", WARNING, f"{name}: Service Quotas does not list it", look)
        text, wanted = f"{name}: {quota.value:g}", max(one, at_once)
        get = raised("sagemaker", quota.code, wanted, region)
        if quota.value < one:
            level = WARNING if otherwise else WRONG
            return Finding("quota", level, f"{text}, and one run takes {one}{otherwise}", get)
        if quota.value < wanted:
            return Finding("quota", WARNING, f"{text}{more.format(wanted)}", get)
        return Finding("quota", OK, f"{text}, of which {wanted} may be taken")

    def _volume(self, kind: str, sizes: list[SizeSettings]) -> Iterator[Finding]:
        name = f"Size of EBS volume for a {kind} instance"
        if name in self.known:  # otherwise there is only AWS's own limit, which is in the settings
            least = max(size.volume_gb or 0 for size in sizes)
            most = max(size.most_volume_gb for size in sizes)
            yield self._judged(name, least, most, more="; volume_gb: auto goes up to {}")


_ANOTHER = ", which then has another type"
_NONE_LARGER = ": after out of memory it would fail"
_ON_DEMAND = ", which then is on demand"


def _of_type(instance_type: str) -> str:
    return f"{instance_type} for processing job usage"
