"""What is left after `pulumi destroy`, and which grants could be narrower."""

from acceptance.first_account.look import Look, NotLookedAtError, Seen
from acceptance.first_account.probe import Section

DESTROYED = Section("After `pulumi destroy`")
GRANTS = Section(
    "Grants that could be narrower",
    """Nothing fails if the answer is no: a statement could then be narrower. CloudTrail shows who
called, and `invokedBy` a service, a quarter of an hour later.""",
)


@DESTROYED.probe(
    "whatever else there is is to be declared, or deleted in another order "
    "(`tests/engine/test_destroy.py`); the key is listed while it waits for its deletion"
)
def _nothing_left(look: Look) -> Seen:
    """Is nothing left but what [deploy](deploy.md#take-it-down) says?"""
    settings = look.stack.settings
    tags = {"Project": settings.project, "Stack": settings.stack}
    wanted = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    found = look.ask("resourcegroupstaggingapi", "get_resources", TagFilters=wanted)
    arns: list[str] = [each["ResourceARN"] for each in found["ResourceTagMappingList"]]
    if any(arn.endswith(f":function:{look.stack.launcher}") for arn in arns):
        raise NotLookedAtError(f"needs pulumi destroy --stack {look.stack.name}")
    kept = {"kms", "s3", "ecr", "dynamodb"} if settings.keep_data else {"kms"}
    left = [arn for arn in arns if arn.split(":")[2] not in kept]
    return not left, f"{len(arns)} resources, unforeseen: {', '.join(left) or 0}"


def _services(look: Look, operation: str, role: str) -> list[str | None]:
    """Return through which service each call came of a role for the stack's key.

    Raises:
        NotLookedAtError: CloudTrail has no such call.
    """
    key = look.key()["Arn"]
    found: list[str | None] = []
    for each in look.events(operation):
        who, keys = each["userIdentity"], str(each["resources"])
        if key in keys and f":assumed-role/{role}/" in who.get("arn", ""):
            found.append(who.get("invokedBy"))
    if not found:
        raise NotLookedAtError(f"needs a call of {operation} by {role}")
    return found


def _of_job(look: Look, operation: str) -> Seen:
    """Return whether SageMaker's calls as the job came through no service."""
    role = look.completed()["RoleArn"].rpartition("/")[2]
    by = _services(look, operation, role)
    return None in by, f"{len(by)} calls, through {', '.join({each or 'none' for each in by})}"


@GRANTS.probe("`EncryptVolume` could have a condition (`kms:ViaService`)")
def _grant_for_the_volume(look: Look) -> Seen:
    """Does SageMaker's grant for the volume come through no service?"""
    return _of_job(look, "CreateGrant")


@GRANTS.probe("`EncryptForSageMaker` could have a condition, or go where there is no such call")
def _encrypt(look: Look) -> Seen:
    """Does SageMaker's `kms:Encrypt` in the job's name come through no service?"""
    return _of_job(look, "Encrypt")


@GRANTS.probe("`EncryptAttempts` could go")
def _reads_of_schedules(look: Look) -> Seen:
    """Does GetSchedule decrypt in the caller's name?"""
    by = _services(look, "Decrypt", f"{look.prefix}-{look.stack.region}-observer")
    count = by.count("scheduler.amazonaws.com")
    return count > 0, f"{count} of {len(by)} calls through the scheduler"


@GRANTS.probe("`ReadEnvironment` could go, where who deploys may make grants")
def _grant_of_a_function(look: Look) -> Seen:
    """Does a function lack a grant of its own, so that it needs `ReadEnvironment`?"""
    grants = look.ask("kms", "list_grants", KeyId=look.key()["KeyId"])["Grants"]
    own = [each for each in grants if look.stack.launcher in each["GranteePrincipal"]]
    return not any("Decrypt" in each["Operations"] for each in own), f"{len(own)} of the launcher"
