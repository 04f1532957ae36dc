"""GitHub: whose workflows may take the roles of CI."""

from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from bootstrap.settings import Settings
from components.policies.statements import Statement, document

_HOST = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
"""What aws-actions/configure-aws-credentials asks a token for."""
Use = Literal["deploy", "preview"]
_PULL_REQUEST = "refs/pull/*/merge"
_JOBS: dict[Use, list[tuple[str, str]]] = {
    "deploy": [("", "deploy.yml")],
    "preview": [("preview-", "preview.yml"), ("drift-", "drift.yml")],
}
"""Use -> what begins the environments of its jobs, and the workflow that has them."""


def environments(stack: str, use: Use) -> list[str]:
    """Return the GitHub environments whose jobs have a stack's role."""
    return [f"{begin}{stack}" for begin, _ in _JOBS[use]]


class Github(pulumi.ComponentResource):
    """GitHub's OIDC provider in the account, or the one that is there: an account has one.

    Without thumbprints: IAM trusts GitHub by its own list of certificate authorities, and no
    thumbprint is compared (UpdateOpenIDConnectProviderThumbprint in the IAM API reference).

    Raises:
        RunError: with `oidc_provider: existing`, there is none, or not for AWS's audience.
    """

    def __init__(self, name: str, settings: Settings, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sagemaker-processing-bootstrap:github:Github", name, None, opts)
        self._settings = settings
        if settings.oidc_provider == "existing":
            self._arn = pulumi.Output.from_input(_existing(self))
        else:
            self._arn = aws.iam.OpenIdConnectProvider(
                f"{name}-oidc",
                url=f"https://{_HOST}",
                client_id_lists=[_AUDIENCE],
                opts=pulumi.ResourceOptions(parent=self),
            ).arn
        self.register_outputs({})

    def trust(self, stack: str, use: Use) -> dict[str, Any]:
        """Return the trust policy of a stack's role: repository, environment and workflow.

        AWS has condition keys for these claims. `job_workflow_ref` is the workflow's own file and
        ref, where no job is in a reusable one. Either form of the subject is let in: with ids, as
        repositories have since July 2026, and without; but only with the repository's id, so nobody
        who has its name later is meant.
        """
        return document(
            *(self._statement(f"{begin}{stack}", workflow) for begin, workflow in _JOBS[use])
        )

    def _statement(self, environment: str, workflow: str) -> Statement:
        settings = self._settings
        owner, _, name = settings.repository.partition("/")
        with_ids = f"{owner}@{settings.owner_id}/{name}@{settings.repository_id}"
        # A pull request's workflow is its own: what guards it is the environment's reviewers.
        of_main = f"refs/heads/{settings.branch}"
        ref = _PULL_REQUEST if workflow == "preview.yml" else of_main
        equal: dict[str, str | list[str]] = {
            "aud": _AUDIENCE,
            "sub": [
                f"repo:{each}:environment:{environment}" for each in (settings.repository, with_ids)
            ],
            "repository_id": settings.repository_id,
            "environment": environment,
        }
        like = {"job_workflow_ref": f"{settings.repository}/.github/workflows/{workflow}@{ref}"}
        return {
            "Sid": f"Only{workflow.removesuffix('.yml').title()}",
            "Effect": "Allow",
            "Principal": {"Federated": self._arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{_HOST}:{key}": value for key, value in equal.items()},
                "StringLike": {f"{_HOST}:{key}": value for key, value in like.items()},
            },
        }


def _existing(parent: pulumi.Resource) -> str:
    try:
        found = aws.iam.get_open_id_connect_provider(
            url=f"https://{_HOST}", opts=pulumi.InvokeOptions(parent=parent)
        )
    except Exception as error:  # Pulumi's invokes raise nothing narrower
        raise pulumi.RunError(
            f"oidc_provider = existing: the account has none for {_HOST}; take the key away, and "
            f"it is created\n{error}"
        ) from error
    if _AUDIENCE not in found.client_id_lists:
        raise pulumi.RunError(
            f"oidc_provider = existing: it is not for {_AUDIENCE}; aws iam "
            "add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn "
            f"{found.arn} --client-id {_AUDIENCE}"
        )
    return found.arn
