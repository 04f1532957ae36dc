"""What decides about requests in moto's state: roles, the policies of resources, and their keys.

It is read in this process, without a request for each: every request of a role asks for some.
"""

from typing import Any

from local.aws import moto_application
from local.aws.iam.evaluate import Identity, Policies, Statements, parse


class Store:
    """The resources of one account and region, by ARN or name."""

    def __init__(self, account: str, region: str) -> None:
        self.account, self.region = account, region

    def state(self, service: str) -> Any:  # noqa: ANN401 - moto has no public types
        """Return what moto keeps of a service."""
        region = "aws" if service in ("iam", "s3") else self.region
        return moto_application.backend(service, self.account, region)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def named(self, service: str, kind: str, name: str) -> str:
        """Return the ARN of what a request names by its ARN, or by its name.

        Raises:
            NotImplementedError: it is in another region, or named in another way.
        """
        if ":" not in name:
            return self.arn(service, kind + name)
        if not name.startswith(f"arn:aws:{service}:{self.region}:"):
            raise NotImplementedError(f"the local IAM knows {self.region} only, and not {name}")
        return name

    def role(self, arn: str) -> Any:  # noqa: ANN401 - as above
        """Return a role; None if there is no such."""
        # A copy: a deployment may add roles meanwhile.
        roles = list(self.state("iam").roles.values())
        return next((role for role in roles if role.arn == arn), None)

    def policies(self, who: Identity, resource: str) -> Policies:
        """Return all that decides about a role's request for a resource.

        A role that is gone may do nothing, nor may one whose boundary is gone.
        """
        role = self.role(who.role_arn)
        if role is None:
            return Policies(())
        attached = [_current(policy) for policy in role.managed_policies.values()]
        documents: list[str] = [*role.policies.values(), *attached]
        statements = tuple(each for document in documents for each in parse(document))
        boundary = None
        if arn := role.permissions_boundary_arn:
            policy = self.state("iam").managed_policies.get(arn)
            boundary = parse(_current(policy)) if policy else ()
        return Policies(statements, boundary, self.policy(resource))

    def policy(self, arn: str) -> Statements:
        """Return the policy of a bucket, queue, topic, key or function; nothing without one."""
        found = None if arn == "*" else self.resource(arn)
        if found is None or getattr(found, "key_state", "Enabled") != "Enabled":
            return ()
        if ":lambda:" in arn:
            return tuple(found.policy.statements)
        text = found.policy.decode() if isinstance(found.policy, bytes) else found.policy
        return parse(text) if text else ()

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

    def aliases(self, key: str) -> list[str]:
        """Return the aliases of the key with this ARN."""
        return sorted(getattr(self.resource(key), "aliases", ()))

    def resource(self, arn: str) -> Any:  # noqa: ANN401 - as above
        """Return what moto has of a resource with a policy; None if there is no such.

        Of other accounts and regions nothing is known but a key that settings call existing.
        """
        _, _, service, _, _, name = arn.split(":", 5)
        match service if self._is_here(arn) or service == "kms" else "":
            case "s3":
                return self.state("s3").buckets.get(name.partition("/")[0])
            case "sqs":
                return self.state("sqs").queues.get(name)
            case "sns":
                return self.state("sns").topics.get(arn)
            case "kms":
                found: list[Any] = list(self.state("kms").keys.values())
                return next((each for each in found if each.arn == arn), None)
            case "lambda":
                found = self.state("lambda").list_functions()
                return next((each for each in found if each.function_arn == arn), None)
            case _:
                return None

    def _is_here(self, arn: str) -> bool:
        """Return whether an ARN is of this account and region; S3's name neither."""
        _, _, _, region, account, _ = arn.split(":", 5)
        return region in ("", self.region) and account in ("", self.account)

    def _key(self, key: str) -> Any:  # noqa: ANN401 - as above
        keys, alias = self.state("kms").keys, key.rpartition(":")[2]
        if alias.startswith("alias/"):
            return next((each for each in list(keys.values()) if alias in each.aliases), None)
        return keys.get(key.rpartition("/")[2])


def _current(policy: Any) -> str:  # noqa: ANN401 - as above
    """Return the document of a managed policy's default version."""
    return next(version.document for version in policy.versions if version.is_default)
