"""What decides about requests in moto's state: roles, the policies of resources, and their keys.

It is read in this process, without a request for each: every request of a role asks for some.
"""

import json
from collections.abc import Callable
from typing import Any

from local.aws import moto_application
from local.aws.iam.evaluate import Identity, Policies, Statements, parse


class Store:
    """The resources of one account and region, by ARN or name."""

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def named(self, service: str, kind: str, name: str) -> str:
        """Return the ARN of what a request names by its ARN, or by its name.

        Raises:
            NotImplementedError: it is in another region.
        """
        if not name.startswith("arn:"):
            return self.arn(service, kind + name)
        if name.split(":")[3] != self.region:
            raise NotImplementedError(f"the local IAM knows {self.region} only, and not {name}")
        return name

    def trust(self, role_arn: str) -> str | None:
        """Return a role's trust policy; None if there is no such role."""
        role = self._role(role_arn)
        return role.assume_role_policy_document if role else None

    def role_id(self, role_arn: str) -> str:
        """Return the unique id by which AWS calls a role in aws:userid."""
        return self._role(role_arn).id

    def policies(self, who: Identity, resource: str) -> Policies:
        """Return all that decides about a role's request for a resource.

        A role that is gone may do nothing, nor may one whose boundary is gone.
        """
        role = self._role(who.role_arn)
        if role is None:
            return Policies(())
        documents: list[str] = list(role.policies.values())
        documents += [_current(policy) for policy in role.managed_policies.values()]
        statements = tuple(each for document in documents for each in parse(document))
        own = self.policy(resource)
        return Policies(statements, self._bounds(role), parse(own) if own else ())

    def policy(self, arn: str) -> str | None:
        """Return the policy of a bucket, queue, topic, key or function; None without one."""
        found = self._resource(arn)
        if found is None or getattr(found, "key_state", "Enabled") != "Enabled":
            return None
        if ":lambda:" in arn:
            statements: list[Any] = found.policy.statements
            document = {"Version": "2012-10-17", "Statement": statements}
            return json.dumps(document) if statements else None
        return found.policy.decode() if isinstance(found.policy, bytes) else found.policy

    def _resource(self, arn: str) -> Any:  # noqa: ANN401 - moto has no public types
        """Return what moto has of a resource with a policy; None if there is no such.

        Of other accounts and regions nothing is known but a key that settings call existing.
        """
        key = self._key(arn) if ":kms:" in arn else None
        if not self._is_here(arn) and (key is None or key.arn != arn):
            return None
        _, _, service, _, _, name = arn.split(":", 5)
        look_up: dict[str, Callable[[], Any]] = {
            "s3": lambda: self._global("s3").buckets.get(name.partition("/")[0]),
            "sqs": lambda: self._regional("sqs").queues.get(name),
            "sns": lambda: self._regional("sns").topics.get(arn),
            "kms": lambda: key,
            "lambda": lambda: self._function(arn),
        }
        return look_up.get(service, lambda: None)()

    def _function(self, arn: str) -> Any:  # noqa: ANN401 - as above
        functions: list[Any] = self._regional("lambda").list_functions()
        return next((each for each in functions if each.function_arn == arn), None)

    def _is_here(self, arn: str) -> bool:
        """Return whether an ARN is of this account and region; S3's name neither."""
        match arn.split(":", 5):
            case [_, _, _, region, account, _]:
                return region in ("", self.region) and account in ("", self.account)
            case _:
                return False

    def key_arn(self, key: str | None) -> str | None:
        """Return the ARN of a customer's key by its id, alias or ARN; None for none or AWS's own.

        A key that does not exist has an ARN too, which nobody may use.
        """
        if not key or key.rpartition(":")[2].startswith("alias/aws/"):
            return None
        if key.startswith("arn:") and not self._is_here(key):
            return key
        found = self._key(key)
        return found.arn if found else self.arn("kms", f"key/{key.rpartition('/')[2]}")

    def key_of_bucket(self, bucket: str) -> tuple[str | None, bool]:
        """Return the key of a bucket's default encryption, and whether it has a bucket key."""
        found = self._global("s3").buckets.get(bucket)
        encryption: dict[str, Any] = found.encryption if found and found.encryption else {}
        rule: dict[str, Any] = encryption.get("Rule", {})
        default: dict[str, Any] = rule.get("ApplyServerSideEncryptionByDefault", {})
        bucket_key = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
        return self.key_arn(default.get("KMSMasterKeyID")), bucket_key

    def key_of_object(self, bucket: str, name: str) -> str | None:
        """Return the key that an object is encrypted with."""
        found = self._global("s3").buckets.get(bucket)
        stored = found.keys.get(name) if found else None
        return self.key_arn(getattr(stored, "kms_key_id", None))

    def key_of_table(self, table: str) -> str | None:
        """Return a table's key."""
        found = self._regional("dynamodb").tables.get(table)
        settings: dict[str, Any] = (found.sse_specification or {}) if found else {}
        return self.key_arn(settings.get("KMSMasterKeyId")) if settings.get("Enabled") else None

    def key_of(self, arn: str) -> str | None:
        """Return the key of a topic or queue."""
        found = self._resource(arn)
        return self.key_arn(found.kms_master_key_id) if found else None

    def key_of_schedule(self, group: str, name: str) -> str | None:
        """Return the key of a schedule's input."""
        found = self._regional("scheduler").schedule_groups.get(group)
        schedule = found.schedules.get(name) if found else None
        return self.key_arn(schedule.kms_key_arn) if schedule else None

    def _role(self, arn: str) -> Any:  # noqa: ANN401 - moto has no public types
        # A copy: a deployment may add roles meanwhile.
        roles = list(self._global("iam").roles.values())
        return next((role for role in roles if role.arn == arn), None)

    def _bounds(self, role: Any) -> tuple[Statements, ...]:  # noqa: ANN401 - as above
        arn = role.permissions_boundary_arn
        if not arn:
            return ()
        policy = self._global("iam").managed_policies.get(arn)
        return (parse(_current(policy)) if policy else (),)

    def _key(self, key: str) -> Any:  # noqa: ANN401 - as above
        keys, alias = self._regional("kms").keys, key.rpartition(":")[2]
        if alias.startswith("alias/"):
            return next((each for each in list(keys.values()) if alias in each.aliases), None)
        return keys.get(key.rpartition("/")[2])

    def _regional(self, service: str) -> Any:  # noqa: ANN401 - as above
        return moto_application.backend(service, self.account, self.region)

    def _global(self, service: str) -> Any:  # noqa: ANN401 - as above
        return moto_application.backend(service, self.account, "aws")


def _current(policy: Any) -> str:  # noqa: ANN401 - as above
    """Return the document of a managed policy's default version."""
    return next(version.document for version in policy.versions if version.is_default)
