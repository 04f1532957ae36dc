"""IAM of the embedded AWS: sessions of roles, what each of their requests may do, and what it did.

Requests of the administrator and of operators are not judged: they stand for a person. What a
policy has and this IAM does not play raises NotImplementedError.
"""

import logging
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

from local.aws import protocols
from local.aws.iam.conditions import Sent
from local.aws.iam.evaluate import Access, Identity, Statements, admits, parse, refusal
from local.aws.iam.patterns import Value
from local.aws.iam.required_permissions import required
from local.aws.iam.store import Store
from local.aws.protocols import ServiceError
from local.aws.signature import Keys

_log = logging.getLogger(__name__)


class AccessDeniedError(PermissionError):
    """IAM refuses; the message is AWS's."""


@dataclass(frozen=True)
class Session:
    """A role that a service has assumed, with the keys that sign its requests."""

    who: Identity
    keys: Keys


class Authority:
    """The IAM of one account and region."""

    def __init__(self, account: str, region: str, sessions: MutableMapping[str, Session]) -> None:
        """Judge in one region; `sessions`, by access key, are those of all the account's."""
        self.store = Store(account, region)
        self.used: set[tuple[str, str, str, bool]] = set()
        """Role, action and resource that were asked for, and whether that was allowed."""
        self._sessions = sessions

    def trusts(self, role_arn: str, service: str, source_arn: str) -> bool:
        """Return whether a role exists and lets `service` assume it for a resource."""
        source = {"aws:SourceArn": source_arn, "aws:SourceAccount": self.store.account}
        role = self.store.role(role_arn)
        trust = parse(role.assume_role_policy_document) if role else ()
        return self._admits(trust, service, Access("sts:AssumeRole", role_arn, source))

    def assume(self, role_arn: str, service: str, source_arn: str) -> Session:
        """Return a session of a role that `service` assumes for the resource `source_arn`.

        Raises:
            AccessDeniedError: the role does not exist, or does not trust the service for it.
        """
        if not self.trusts(role_arn, service, source_arn):
            raise AccessDeniedError(
                f"{service} is not authorized to perform: sts:AssumeRole on resource: {role_arn} "
                f"for {source_arn}: see the role's trust policy"
            )
        who = Identity(role_arn, service.partition(".")[0])
        session = Session(who, Keys.new(temporary=True))
        self._sessions[session.keys.access_key] = session
        return session

    def judge(self, access_key: str, service: str, request: Request) -> None:
        """Let a signed request go on, or not.

        Raises:
            ServiceError: it is refused, or cannot be judged.
        """
        session = self._sessions.get(access_key)
        if session is None:
            return
        try:
            operation, asked = protocols.read(service, request)
            needed = required(self.store, f"{service}:{operation}", asked)
            message = self.refusal(session, needed)
        except Exception as problem:  # of a request that is malformed, perhaps to be let through
            _log.exception("a request of %s cannot be judged", session.who.name)
            # The status is one that no client tries again.
            raise ServiceError("NotImplemented", str(problem), 501) from problem
        if message:
            raise protocols.denied(service, request, message)

    def refusal(self, session: Session, needed: Iterable[Access]) -> str | None:
        """Return AWS's message if something that is needed is refused; keep what was asked."""
        who = session.who
        for access in needed:
            keys = keys_of_role(self.store, who, access)
            asked = Access(access.action, access.resource, keys)
            why = refusal(asked, who, self.store.policies(who, access.resource))
            self.used.add((who.name, access.action, access.resource, why is None))
            if why:
                return (
                    f"User: {who.arn} is not authorized to perform: {access.action} on resource: "
                    f"{access.resource} {why}"
                )
        return None

    def require(self, session: Session, needed: Iterable[Access]) -> None:
        """Do what `refusal` does, for what a service does in a role's name.

        Raises:
            AccessDeniedError: something is refused.
        """
        if message := self.refusal(session, needed):
            raise AccessDeniedError(message)

    def admits(self, service: str, needed: Iterable[Access]) -> bool:
        """Return whether the policies of resources let a service of AWS do all of this."""
        return all(self._admits(self.store.policy(each.resource), service, each) for each in needed)

    def _admits(self, policy: Statements, service: str, access: Access) -> bool:
        # It is by TLS as among services.
        caller = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": service}
        keys = _sent(self.store, access, caller)
        return admits(policy, service, Access(access.action, access.resource, keys))


def keys_of_role(store: Store, who: Identity, access: Access) -> Sent:
    """Return the keys of what a role's session asks for."""
    caller = {
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalArn": who.role_arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": f"{store.role(who.role_arn).id}:{who.session}",
    }
    if "kms:ViaService" not in access.context:  # else AWS does not say it of the key's use
        caller["aws:ViaAWSService"] = "false"
    return _sent(store, access, caller)


def _sent(store: Store, access: Access, caller: Mapping[str, Value]) -> Sent:
    aliases = store.aliases(access.resource) if access.action.startswith("kms:") else []
    return Sent(
        {
            **({"kms:ResourceAliases": aliases} if aliases else {}),
            "aws:RequestedRegion": store.region,
            "aws:ResourceAccount": access.account or store.account,
            "aws:SecureTransport": "true",
            **caller,
            **access.context,
        }
    )
