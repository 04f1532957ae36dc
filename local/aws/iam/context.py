"""The condition keys of a request: those that AWS always sends, and those that it is asked with.

A key that a policy asks for and that is neither sent here nor known to be absent is an error: the
statement, a Deny perhaps, would otherwise miss what it hits on AWS.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.aws.iam.patterns import Value

if TYPE_CHECKING:
    from local.aws.iam.evaluate import Access, Identity
    from local.aws.iam.store import Store

_SOMETIMES = re.compile(
    r"aws:(sourcearn|sourceaccount|sourceowner|username|principalservicename)"
    r"|aws:(tagkeys|requesttag/.+)"
    r"|s3:(prefix|delimiter|max-keys|x-amz-server-side-encryption(-aws-kms-key-id)?)"
    r"|kms:(viaservice|calleraccount|encryptioncontext:.+)"
    r"|sagemaker:(instancetypes|maxruntimeinseconds|networkisolation|taggingaction)"
    r"|sagemaker:(intercontainertrafficencryption|vpcsubnets|vpcsecuritygroupids)"
    r"|events:(source|detail-type)|iam:passedtoservice|ec2:subnet"
)
"""Keys that only some requests have, and those that need them here always with their value."""


class Sent(dict[str, Value]):
    """All keys of a request, in lower case."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as that of dict
        """Return a key's value.

        Raises:
            NotImplementedError: AWS may send it, and it is not played.
        """
        if key not in self and not _SOMETIMES.fullmatch(key):
            raise NotImplementedError(f"the local IAM does not play the condition key {key}")
        return super().get(key, default)


def of_role(store: Store, who: Identity, access: Access) -> Sent:
    """Return the keys of what a role's session asks for."""
    direct = {} if "kms:ViaService" in access.context else {"aws:ViaAWSService": "false"}
    return _sent(
        {
            "aws:PrincipalAccount": who.account,
            "aws:PrincipalArn": who.role_arn,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "AssumedRole",
            "aws:RequestedRegion": store.region,
            "aws:ResourceAccount": access.account or store.account,
            "aws:SecureTransport": "true",
            "aws:userid": f"{store.role_id(who.role_arn)}:{who.session}",
            # Of a key that a service uses in the role's name, AWS does not say it.
            **direct,
            **access.context,
        }
    )


def of_service(store: Store, service: str, access: Access) -> Sent:
    """Return the keys of what a service of AWS does in its own name, by TLS as among themselves."""
    return _sent(
        {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": service,
            "aws:RequestedRegion": store.region,
            "aws:ResourceAccount": access.account or store.account,
            "aws:SecureTransport": "true",
            **access.context,
        }
    )


def _sent(keys: dict[str, Value]) -> Sent:
    return Sent({key.lower(): value for key, value in keys.items()})
