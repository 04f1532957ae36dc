"""The provider, keys and roles."""

from local.deploy.kinds.kind import Resources, State, calls, creates


@creates(
    "pulumi:providers:aws",
    "region defaultTags skipCredentialsValidation skipRegionValidation",
)
def _provider(local: Resources, inputs: State) -> State:
    """Refuse a provider for another region than the embedded AWS has."""
    if inputs["region"] != local.aws.region:
        raise ValueError(f"region {inputs['region']} is not {local.aws.region}")
    return {}


@creates("aws:kms/key:Key", "policy description enableKeyRotation deletionWindowInDays")
def _key(local: Resources, inputs: State) -> State:
    kms = local.aws.client("kms")
    made = kms.create_key(Policy=inputs["policy"], Description=inputs["description"])
    key_id = made["KeyMetadata"]["KeyId"]
    if inputs["enableKeyRotation"]:
        kms.enable_key_rotation(KeyId=key_id)
    return {"id": key_id, "keyId": key_id, "arn": made["KeyMetadata"]["Arn"]}


def _boundary(local: Resources, inputs: State) -> State:
    """Ask for a role's boundary: it has to exist, as on AWS, which moto does not look at."""
    if boundary := inputs.get("permissionsBoundary"):
        local.aws.client("iam").get_policy(PolicyArn=boundary)
    return {}


calls(
    "aws:iam/role:Role",
    "iam.create_role",
    "name=RoleName assumeRolePolicy=AssumeRolePolicyDocument permissionsBoundary",
    then=_boundary,
    id="Role.RoleName",
    arn="Role.Arn",
)
