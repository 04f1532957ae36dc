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


def of(stack: Stack) -> list[Kind]:
    """Return the kinds of a stack: each named exactly, where no `--` or region ends a prefix."""
    prefix, arns = stack.prefix, stack.arns
    rules = [names.job_changes(prefix), *(f"{prefix}-{each}" for each in _EVENT_MESSAGES)]
    return [
        Kind(
            "Buckets",
            "s3",
            stack.buckets,
            "GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLogging "
            "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
            "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging "
            "GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration "
            "GetLifecycleConfiguration GetReplicationConfiguration ListBucket ListTagsForResource",
            "CreateBucket DeleteBucketPolicy PutBucketOwnershipControls PutBucketPolicy "
            "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
            f"PutEncryptionConfiguration PutLifecycleConfiguration {_TAG}",
        ),
        Kind(
            "Journal",
            "dynamodb",
            arns("dynamodb", f"table/{names.journal(prefix)}"),
            "DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource",
            f"CreateTable UpdateContinuousBackups UpdateTable UpdateTimeToLive {_TAG}",
        ),
        Kind(
            "Images",
            "ecr",
            arns("ecr", f"repository/{prefix}"),
            "DescribeImages DescribeRepositories GetLifecyclePolicy GetRepositoryPolicy "
            "ListTagsForResource",
            "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload CreateRepository "
            "DeleteLifecyclePolicy DeleteRepositoryPolicy GetDownloadUrlForLayer "
            "InitiateLayerUpload PutImage PutImageScanningConfiguration PutImageTagMutability "
            f"PutLifecyclePolicy SetRepositoryPolicy UploadLayerPart {_TAG}",
        ),
        Kind(
            "Topics",
            "sns",
            stack.topics,
            "GetSubscriptionAttributes GetTopicAttributes ListSubscriptionsByTopic "
            "ListTagsForResource",
            "CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe "
            f"Unsubscribe {_TAG}",
        ),
        Kind(
            "Queues",
            "sqs",
            stack.queues,
            "GetQueueAttributes GetQueueUrl ListQueueTags",
            "CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
        ),
        Kind(
            "Rules",
            "events",
            arns("events", *(f"rule/{each}" for each in rules)),
            "DescribeRule ListTagsForResource ListTargetsByRule",
            f"DeleteRule PutRule PutTargets RemoveTargets {_TAG}",
        ),
        Kind(
            "Functions",
            "lambda",
            stack.functions,
            "GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration "
            "GetFunctionEventInvokeConfig GetPolicy ListTags ListVersionsByFunction",
            "AddPermission CreateFunction DeleteFunction DeleteFunctionEventInvokeConfig "
            "PutFunctionEventInvokeConfig RemovePermission UpdateFunctionCode "
            f"UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig {_TAG}",
        ),
        Kind(
            "LogGroups",
            "logs",
            stack.log_groups,
            "ListTagsForResource",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
            f"DisassociateKmsKey PutRetentionPolicy {_TAG}",
        ),
        Kind(
            "Schedules",
            "scheduler",
            arns("scheduler", f"schedule-group/{prefix}", f"schedule/{prefix}/*"),
            "GetSchedule GetScheduleGroup ListTagsForResource",
            "CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup "
            f"UpdateSchedule {_TAG}",
        ),
        Kind(
            "Chats",
            "chatbot",
            [
                stack.globally("chatbot", f"chat-configuration/{each}/{stack.regional}")
                for each in ("slack-channel", "microsoft-teams-channel")
            ],
            "ListAssociations",
            "AssociateToConfiguration DeleteMicrosoftTeamsChannelConfiguration "
            "DeleteSlackChannelConfiguration DisassociateFromConfiguration "
            f"UpdateMicrosoftTeamsChannelConfiguration UpdateSlackChannelConfiguration {_TAG}",
        ),
        Kind(
            "Monitoring",
            "cloudwatch",
            [
                *arns("cloudwatch", f"alarm:{names.alarm(prefix, '*')}"),
                stack.globally("cloudwatch", f"dashboard/{stack.regional}"),
            ],
            "GetDashboard ListTagsForResource",
            f"DeleteAlarms DeleteDashboards PutDashboard PutMetricAlarm {_TAG}",
        ),
    ]


_EVENT_MESSAGES = ("alarms-over", "image-finding-enhanced", "image-findings")
"""The names in components/event_messages.py."""
