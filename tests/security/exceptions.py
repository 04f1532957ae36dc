"""What the policies may do although a rule says otherwise, each with its reason.

The tests fail on what is missing here, and on what nothing uses any more. `docs/security.md` shows
these tables.
"""

_DENIED = "A Deny is meant for everything, and for every object."
_NARROWS = "An endpoint's policy only narrows what IAM allows."

WILDCARD_ACTIONS = {
    ("alerts-chat", "NothingAtAll"): _DENIED,
    ("encryption", "AccountDecidesByIam"): "Else nobody could change the key's policy again.",
    ("network-endpoint", "OnlyThisAccount"): _NARROWS,
    ("storage-input", "OnlyTls"): _DENIED,
    ("storage-output", "OnlyTls"): _DENIED,
}
"""Policy and Sid -> why its action has a `*`."""

_THIS_KEY = "In a key's policy `*` means this key."
_JOBS = "The names of this stack's jobs begin so, and those of their log streams."
_OBJECTS = "Objects below the prefix of the settings."
_SCRATCH = "What the stack's spot jobs keep, whose names begin so: no output, and no other stack's."
_LISTING = "The action knows no resource; it shows names and states of all jobs of the account."
_DESCRIBED = "To AWS the resource of such a call is `<group>:log-stream:`, without a name."

_OTHER_KEY = (
    "The other region's key, of which only the alias is known here: the condition names it."
)

WILDCARDS = {
    ("job", "ReadInput"): _OBJECTS,
    ("job", "WriteOutput"): _OBJECTS,
    ("job", "KeepScratch"): _SCRATCH,
    ("job", "LogInToRegistry"): "The action knows no resource: the token is for the registry.",
    ("job", "FindLogs"): _DESCRIBED,
    ("job", "WriteLogs"): _JOBS,
    ("job", "MeasureInstances"): "Metrics have no ARN; the condition names the one namespace.",
    ("job", "CreateInterfaces"): "An interface that does not exist yet has no name.",
    ("job", "UseInterfaces"): "SageMaker names the interfaces; the condition names the subnets.",
    ("job", "RemoveInterfacePermissions"): "The request names a permission, not its interface.",
    ("job", "DescribeNetwork"): "The actions know no resource; they show the account's networks.",
    ("job", "ReadSecrets"): "Secrets Manager adds six characters to a secret's name.",
    ("launcher", "StartJobs"): _JOBS,
    ("launcher", "TagJobsAtStart"): _JOBS,
    ("launcher", "FollowJobs"): _JOBS,
    ("launcher", "ListJobs"): _LISTING,
    ("launcher", "WithdrawSuccess"): "The marker of each run's own folder, and nothing else.",
    ("launcher", "ReadMarkers"): "The marker of each run's own folder, and nothing else.",
    ("launcher", "ReadOtherSwitch"): _OTHER_KEY,
    ("observer", "ReadOtherSwitch"): _OTHER_KEY,
    ("launcher", "WriteLogs"): "Lambda names the streams of the function's own group.",
    ("observer", "DescribeJobs"): _JOBS,
    ("observer", "ListJobs"): _LISTING,
    ("observer", "FindLogs"): _DESCRIBED,
    ("observer", "ReadLogs"): _JOBS,
    ("observer", "MarkSuccess"): "The marker of each run's own folder, and nothing else.",
    ("observer", "MoveScratch"): _SCRATCH,
    ("observer", "WriteOutput"): _OBJECTS,
    ("observer", "WithdrawSuccess"): "The marker of each run's own folder, and nothing else.",
    ("observer", "PlanAttempts"): "Named after jobs: never a schedule of the stack itself.",
    ("observer", "ReadSchedules"): "Schedules of the stack's own group.",
    ("observer", "WriteLogs"): "Lambda names the streams of the function's own group.",
    ("alerts-chat", "NothingAtAll"): _DENIED,
    ("encryption", "AccountDecidesByIam"): _THIS_KEY,
    ("encryption", "LogsOfThisStack"): _THIS_KEY,
    ("encryption", "AlarmsOfThisStack"): _THIS_KEY,
    ("encryption", "EventsToTopicAndQueue"): _THIS_KEY,
    ("network-endpoint", "OnlyThisAccount"): _NARROWS,
    (
        "network-flow-logs",
        "FindLogGroups",
    ): "The action knows no resource; it shows the names of all log groups.",
    ("network-flow-logs", "FindFlowLogStreams"): _DESCRIBED,
    ("network-flow-logs", "WriteFlowLogs"): "Streams of the flow logs' own group.",
    ("network-s3", "ObjectsOfThisStack"): _NARROWS,
    ("network-s3", "SpotJobsOfThisStack"): _NARROWS,
    ("replication", "EncryptReplicas"): _OTHER_KEY,
    ("replication", "ReadOriginals"): _OBJECTS,
    ("replication", "WriteReplicas"): _OBJECTS,
    ("storage-input", "OnlyTls"): _DENIED,
    ("storage-output", "OnlyTls"): _DENIED,
}
"""Policy and Sid -> why its resource has a `*`."""

_SHARED_LOGS = "SageMaker's one log group for all processing jobs of account and region."

SHARED = {
    ("job", "LogInToRegistry"): "The token is for the whole registry; pulling is not.",
    ("job", "FindLogs"): _SHARED_LOGS,
    ("job", "MeasureInstances"): "Metrics have no ARN.",
    ("job", "CreateInterfaces"): "Mode `existing`: subnets and groups of the settings.",
    ("job", "UseInterfaces"): "Interfaces in the subnets of the settings only.",
    ("job", "RemoveInterfacePermissions"): "Takes away what SageMaker was permitted, no more.",
    ("job", "DescribeNetwork"): "The actions know no resource.",
    ("job", "ReadSecrets"): "Secrets of the settings, by name.",
    ("launcher", "ListJobs"): _LISTING,
    ("launcher", "ReadOtherSwitch"): _OTHER_KEY,
    ("observer", "ReadOtherSwitch"): _OTHER_KEY,
    ("launcher", "ReportWhatDidNotStart"): "The account's default bus; only with our own source.",
    ("observer", "FindLogs"): _SHARED_LOGS,
    ("observer", "ListJobs"): _LISTING,
    ("network-flow-logs", "FindLogGroups"): "The action knows no resource.",
    ("replication", "EncryptReplicas"): _OTHER_KEY,
}
"""Policy and Sid -> why its resource is not the stack's own."""

NO_ARN_YET = {
    "cloudwatch:PutMetricData": "a dataset is an optional resource; metrics themselves have no ARN",
    "ec2:DeleteNetworkInterfacePermission": "the interface is an optional resource",
}
"""Action that the reference gives a resource, and that is granted on `*` all the same -> why."""

SERVICES = {
    "chatbot.amazonaws.com": "Assumes the role of a chat, which may do nothing.",
    "cloudwatch.amazonaws.com": "Alarms tell the topic.",
    "events.amazonaws.com": "Events reach the observer and the topic, or else the queue.",
    "lambda.amazonaws.com": "Assumes the functions' roles.",
    "logs.eu-central-1.amazonaws.com": "Encrypts the log groups.",
    "s3.amazonaws.com": "Assumes the role that replicates.",
    "sagemaker.amazonaws.com": "Assumes the job's role.",
    "scheduler.amazonaws.com": "Assumes the roles that invoke the functions.",
    "vpc-flow-logs.amazonaws.com": "Assumes the role that writes the flow logs.",
}
"""Service principal that some policy lets in -> for what."""

_EVENTS = (
    "EventBridge sends none of the keys that could be compared, and AWS supports no condition "
    "here: with one, messages would be lost in silence."
)
UNCONDITIONED = {
    ("alerts-chat", "OnlyThisService"): (
        "Which keys Amazon Q Developer sends is documented nowhere, and the role may do nothing."
    ),
    ("alerts-chat", "EventsToTheTopic"): _EVENTS,
    ("encryption", "EventsToTopicAndQueue"): _EVENTS,
    ("alerts", "EventsToTheTopic"): _EVENTS,
    ("launcher", "OnlyThisService"): "IAM lets nobody pass a role of another account to Lambda.",
    ("observer", "OnlyThisService"): "IAM lets nobody pass a role of another account to Lambda.",
    ("replication", "OnlyThisService"): (
        "IAM lets nobody pass a role of another account to S3, and which keys it sends here is "
        "documented nowhere: with a wrong one nothing would be replicated, in silence."
    ),
}
"""Policy and Sid -> why no condition keeps the service from acting for somebody else's resource."""

_BREAKS_OFF = "Only when an upload of several parts breaks off."
_ONE_REGION = "One region is played, and what a second one adds is played by the drill."
_TRAFFIC = "The traffic of a VPC is not played."

NOT_PLAYED = {
    ("job", "EncryptForSageMaker", "kms:Encrypt"): (
        "SageMaker's guide asks for it beside a key for the output."
    ),
    ("job", "FindLogs", "logs:DescribeLogStreams"): "SageMaker's guide asks for it.",
    ("job", "MeasureInstances", "cloudwatch:PutMetricData"): (
        "SageMaker measures its instances, of which there are none here."
    ),
    ("job", "ReadSecrets", "secretsmanager:GetSecretValue"): (
        "The script's own call, without isolation; a script here has no credentials."
    ),
    ("job", "KeepScratch", "s3:AbortMultipartUpload"): _BREAKS_OFF,
    ("job", "WriteOutput", "s3:AbortMultipartUpload"): _BREAKS_OFF,
    ("observer", "WriteOutput", "s3:AbortMultipartUpload"): _BREAKS_OFF,
    ("network-flow-logs", "FindFlowLogStreams", "logs:DescribeLogStreams"): _TRAFFIC,
    ("network-flow-logs", "FindLogGroups", "logs:DescribeLogGroups"): _TRAFFIC,
    ("network-flow-logs", "WriteFlowLogs", "logs:CreateLogStream"): _TRAFFIC,
    ("network-flow-logs", "WriteFlowLogs", "logs:PutLogEvents"): _TRAFFIC,
    **{
        (owner, sid, action): _ONE_REGION
        for owner, sid, actions in (
            ("launcher", "DecryptMarkers", "kms:Decrypt"),
            ("launcher", "ListVersions", "s3:ListBucketVersions"),
            ("launcher", "ReadMarkers", "s3:GetObject"),
            ("launcher", "ReadOtherSwitch", "kms:Decrypt"),
            ("launcher", "ReadSwitch", "dynamodb:GetItem"),
            ("observer", "ListVersions", "s3:ListBucketVersions"),
            ("observer", "ReadOtherSwitch", "kms:Decrypt"),
            ("observer", "ReadSwitch", "dynamodb:GetItem"),
            ("replication", "DecryptOriginals", "kms:Decrypt"),
            ("replication", "EncryptReplicas", "kms:Decrypt kms:Encrypt kms:GenerateDataKey"),
            ("replication", "ReadConfiguration", "s3:GetReplicationConfiguration s3:ListBucket"),
            (
                "replication",
                "ReadOriginals",
                "s3:GetObjectLegalHold s3:GetObjectRetention s3:GetObjectVersionAcl "
                "s3:GetObjectVersionForReplication s3:GetObjectVersionTagging",
            ),
            ("replication", "WriteReplicas", "s3:ReplicateObject s3:ReplicateTags"),
        )
        for action in actions.split()
    },
}
"""Role, Sid and action that is granted, and that no local run uses -> why it is granted."""

SINGLE_VALUED = {"events:source": "AWS's own examples compare it as one value on PutEvents"}
"""Condition key of several values that is compared as one -> why."""

_SENDERS = ["launcher", "observer", "schedule-group", "observer-watch"]
_FUNCTIONS = ["launcher", "observer"]

CONDITIONS = {
    "aws:PrincipalArn": {("image", "JobsOfOtherStacks")},
    "aws:PrincipalAccount": {
        ("network-endpoint", "OnlyThisAccount"),
        ("network-s3", "ListBucketsOfThisStack"),
        ("network-s3", "ObjectsOfThisStack"),
        ("network-s3", "SpotJobsOfThisStack"),
    },
    "aws:SecureTransport": {
        ("alerts", "OnlyTls"),
        ("alerts-chat", "OnlyTls"),
        ("storage-input", "OnlyTls"),
        ("storage-output", "OnlyTls"),
    },
    "aws:SourceAccount": {
        ("alerts", "AlarmsOfThisStack"),
        ("alerts-chat", "AlarmsOfThisStack"),
        ("encryption", "AlarmsOfThisStack"),
        ("job", "OnlyThisService"),
        ("network-flow-logs", "OnlyThisService"),
        ("observer-watch", "OnlyThisService"),
        ("schedule-group", "OnlyThisService"),
    },
    "aws:SourceArn": {
        ("alerts", "AlarmsOfThisStack"),
        ("alerts-chat", "AlarmsOfThisStack"),
        ("encryption", "AlarmsOfThisStack"),
        ("job", "OnlyThisService"),
        ("network-flow-logs", "OnlyThisService"),
        ("alerts", "UndeliveredEvents"),
        ("observer", "UndeliveredEvents"),
        ("observer-permission", "ObserverPermission"),
        ("observer-watch", "OnlyThisService"),
        ("schedule-group", "OnlyThisService"),
    },
    "cloudwatch:namespace": {("job", "MeasureInstances")},
    "dynamodb:LeadingKeys": {(each, "ReadSwitch") for each in _FUNCTIONS},
    "ec2:Subnet": {("job", "UseInterfaces")},
    "events:source": {("launcher", "ReportWhatDidNotStart")},
    "iam:PassedToService": {(each, "PassRole") for each in _FUNCTIONS},
    "kms:EncryptionContext:aws:lambda:FunctionArn": {
        (each, "ReadEnvironment") for each in _FUNCTIONS
    },
    "kms:EncryptionContext:aws:logs:arn": {("encryption", "LogsOfThisStack")},
    "kms:EncryptionContext:aws:s3:arn": {
        ("replication", "DecryptOriginals"),
        ("replication", "EncryptReplicas"),
    },
    "kms:EncryptionContext:aws:scheduler:schedule:arn": {
        ("observer", "EncryptAttempts"),
        ("observer-watch", "ReadPayloads"),
        ("schedule-group", "ReadPayloads"),
    },
    "kms:ResourceAliases": {
        *((each, "ReadOtherSwitch") for each in _FUNCTIONS),
        ("replication", "EncryptReplicas"),
    },
    "kms:ViaService": {
        *((each, "EncryptFailures") for each in _SENDERS),
        *((each, "ReadJournal") for each in _FUNCTIONS),
        *((each, "ReadOtherSwitch") for each in _FUNCTIONS),
        ("job", "DecryptData"),
        ("job", "EncryptOutput"),
        ("launcher", "DecryptMarkers"),
        ("replication", "DecryptOriginals"),
        ("replication", "EncryptReplicas"),
        ("observer", "DecryptScratch"),
        ("observer", "EncryptAttempts"),
        ("observer", "EncryptMarkers"),
        ("observer", "EncryptMessages"),
        ("observer", "DescribeKeyForAttempts"),
    },
    "s3:prefix": {
        ("job", "ListFollowed"),
        ("job", "ListInput"),
        ("launcher", "ListInput"),
        ("launcher", "ListOutput"),
        ("observer", "ListInput"),
        ("observer", "ListOutput"),
        *((each, "ListVersions") for each in _FUNCTIONS),
        *((each, "ListScratch") for each in ("job", *_FUNCTIONS)),
    },
    "sagemaker:InstanceTypes": {("launcher", "StartJobs")},
    "sagemaker:MaxRuntimeInSeconds": {("launcher", "StartJobs")},
    "sagemaker:TaggingAction": {("launcher", "TagJobsAtStart")},
}
"""Condition key -> the statements that have it in every stack: to lose one is a decision."""

ANY_OF_THE_ACCOUNT = {
    ("image", "JobsOfOtherStacks"): "Exactly the jobs' roles of `image.shared_with`.",
    ("job", "OnlyThisService"): "SageMaker's role is passed to jobs of its own stack only.",
    ("job", "UseInterfaces"): "Subnets of the settings.",
    ("network-flow-logs", "OnlyThisService"): "A flow log's id is not known before.",
}
"""Statement -> why an ARN in its conditions may be another stack's."""
