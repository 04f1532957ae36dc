"""The provider, keys and roles."""

from __future__ import annotations

from local.deploy.kinds.kind import Deployment, State, creates, given


@creates(
    "pulumi:providers:aws",
    *("region", "defaultTags", "skipCredentialsValidation", "skipRegionValidation"),
)
def _provider(local: Deployment, inputs: State) -> State:
    """Refuse a provider for another region than the embedded AWS has."""
    if inputs["region"] != local.aws.region:
        raise ValueError(f"region {inputs['region']} is not {local.aws.region}")
    return {}


@creates("aws:kms/key:Key", "policy", "description", "enableKeyRotation", "deletionWindowInDays")
def _key(local: Deployment, inputs: State) -> State:
    kms = local.aws.client("kms")
    made = kms.create_key(Policy=inputs["policy"], Description=inputs["description"])
    key_id = made["KeyMetadata"]["KeyId"]
    if inputs["enableKeyRotation"]:
        kms.enable_key_rotation(KeyId=key_id)
    return {"id": key_id, "keyId": key_id, "arn": made["KeyMetadata"]["Arn"]}


@creates("aws:iam/role:Role", "name", "assumeRolePolicy", "permissionsBoundary")
def _role(local: Deployment, inputs: State) -> State:
    """Create a role; its boundary has to exist, as on AWS, which moto does not look at."""
    name, boundary = inputs["name"], inputs.get("permissionsBoundary")
    iam = local.aws.client("iam")
    if boundary:
        iam.get_policy(PolicyArn=boundary)
    answer = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        **given(PermissionsBoundary=boundary),
    )
    return {"id": name, "name": name, "arn": answer["Role"]["Arn"]}
