"""Chat: the channels of Slack and Teams in which people read what a topic brings."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.policies import roles
from components.role import create_role
from components.stack import Stack


def create(name: str, stack: Stack, parent: pulumi.Resource, topic_arn: pulumi.Input[str]) -> None:
    """Let Amazon Q Developer show a topic's messages in the channels of the settings.

    Creates: a role, and a configuration for each channel. What a member of the channel may do on
    AWS is what the role, or one of their own, and the guardrail both allow: nothing.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/understanding-permissions.html
    """
    role = create_role(
        f"{name}-chat", stack, parent, service="chatbot", source_arn=None, allowed=[roles.chat()]
    )
    opts = pulumi.ResourceOptions(
        parent=parent,
        depends_on=[role.policy],
        # The provider takes these for updates, which AWS's API has not; and AWS takes no second
        # configuration for a channel.
        replace_on_changes=["configurationName", "slackTeamId", "teamId", "tenantId"],
        delete_before_replace=True,
    )
    shows: dict[str, Any] = {
        # Of the account, whatever the region.
        "configuration_name": f"{stack.prefix}-{stack.settings.region}",
        "iam_role_arn": role.arn,
        # Without one the guardrail would be AdministratorAccess.
        "guardrail_policy_arns": [f"arn:{stack.account.partition}:iam::aws:policy/AWSDenyAll"],
        "sns_topic_arns": [topic_arn],
        "opts": opts,
    }
    if slack := stack.settings.alerts.slack:
        aws.chatbot.SlackChannelConfiguration(
            f"{name}-slack",
            slack_team_id=slack.workspace,
            slack_channel_id=slack.channel,
            **shows,
        )
    if teams := stack.settings.alerts.teams:
        aws.chatbot.TeamsChannelConfiguration(
            f"{name}-teams",
            tenant_id=teams.tenant,
            team_id=teams.team,
            channel_id=teams.channel,
            **shows,
        )
