"""The kinds of resources whose names are the program's: what reads them, and what keeps them.

Reading is what the provider describes with `--refresh`; keeping is to create, change and delete,
but for what holds data (`deploying.py`).
"""

from typing import NamedTuple

from bootstrap.stack import Stack
from components import names


class Kind(NamedTuple):
    """Resources of one service, and the actions on them."""

    name: str
    """Ends the Sids."""
    service: str
    arns: list[str]
    see: str
    """Actions, between spaces."""
    keep: str


_TAG = "TagResource UntagResource"
_EVENT_MESSAGES = ("alarms-over", "image-finding-enhanced", "image-findings")
"""The names in components/event_messages.py."""
_KINDS = (
    (
        "Buckets",
        "s3",
        "GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLogging "
        "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging "
        "GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration "
        "GetLifecycleConfiguration GetReplicationConfiguration ListBucket ListTagsForResource",
        "CreateBucket DeleteBucketPolicy PutBucketObjectLockConfiguration "
        "PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging "
        "PutBucketVersioning "
        f"PutEncryptionConfiguration PutLifecycleConfiguration {_TAG}",
    ),
    (
        "Journal",
        "dynamodb",
        "DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource",
        f"CreateTable UpdateContinuousBackups UpdateTable UpdateTimeToLive {_TAG}",
    ),
    (
        "Images",
        "ecr",
        "DescribeImages DescribeRepositories GetLifecyclePolicy GetRepositoryPolicy "
        "ListTagsForResource",
        "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload CreateRepository "
        "DeleteLifecyclePolicy DeleteRepositoryPolicy GetDownloadUrlForLayer "
        "InitiateLayerUpload PutImage PutImageScanningConfiguration PutImageTagMutability "
        f"PutLifecyclePolicy SetRepositoryPolicy UploadLayerPart {_TAG}",
    ),
    (
        "Topics",
        "sns",
        "GetSubscriptionAttributes GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
        "CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe "
        f"Unsubscribe {_TAG}",
    ),
    (
        "Queues",
        "sqs",
        "GetQueueAttributes GetQueueUrl ListQueueTags",
        "CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
    ),
    (
        "Rules",
        "events",
        "DescribeRule ListTagsForResource ListTargetsByRule",
        f"DeleteRule PutRule PutTargets RemoveTargets {_TAG}",
    ),
    (
        "Functions",
        "lambda",
        "GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration "
        "GetFunctionEventInvokeConfig GetPolicy ListTags ListVersionsByFunction",
        "AddPermission CreateFunction DeleteFunction DeleteFunctionEventInvokeConfig "
        "PutFunctionEventInvokeConfig RemovePermission UpdateFunctionCode "
        f"UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig {_TAG}",
    ),
    (
        "LogGroups",
        "logs",
        "ListTagsForResource",
        "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
        f"DisassociateKmsKey PutRetentionPolicy {_TAG}",
    ),
    (
        "Schedules",
        "scheduler",
        "GetSchedule GetScheduleGroup ListTagsForResource",
        "CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup "
        f"UpdateSchedule {_TAG}",
    ),
    (
        "Chats",
        "chatbot",
        "ListAssociations",
        "AssociateToConfiguration DeleteMicrosoftTeamsChannelConfiguration "
        "DeleteSlackChannelConfiguration DisassociateFromConfiguration "
        f"UpdateMicrosoftTeamsChannelConfiguration UpdateSlackChannelConfiguration {_TAG}",
    ),
    (
        "Monitoring",
        "cloudwatch",
        "GetDashboard ListTagsForResource",
        f"DeleteAlarms DeleteDashboards PutDashboard PutMetricAlarm {_TAG}",
    ),
)
"""Kinds without their ARNs."""


def of(stack: Stack) -> list[Kind]:
    """Return the kinds of a stack: each named exactly, where no `--` or region ends a prefix."""
    named = _named(stack)
    return [Kind(name, service, named[name], see, keep) for name, service, see, keep in _KINDS]


def _named(stack: Stack) -> dict[str, list[str]]:
    """Return kind -> ARNs of the stack's resources."""
    prefix, arns = stack.prefix, stack.arns
    rules = [names.job_changes(prefix), *(f"{prefix}-{each}" for each in _EVENT_MESSAGES)]
    return {
        "Buckets": stack.buckets,
        "Journal": arns("dynamodb", f"table/{names.journal(prefix)}"),
        "Images": arns("ecr", f"repository/{prefix}"),
        "Topics": stack.topics,
        "Queues": stack.queues,
        "Rules": arns("events", *(f"rule/{each}" for each in rules)),
        "Functions": stack.functions,
        "LogGroups": stack.log_groups,
        "Schedules": arns("scheduler", f"schedule-group/{prefix}", f"schedule/{prefix}/*"),
        "Chats": [
            stack.globally("chatbot", f"chat-configuration/{each}/{stack.regional}")
            for each in ("slack-channel", "microsoft-teams-channel")
        ],
        "Monitoring": [
            *arns("cloudwatch", f"alarm:{names.alarm(prefix, '*')}"),
            stack.globally("cloudwatch", f"dashboard/{stack.regional}"),
        ],
    }
