"""The pipeline, from top to bottom: settings, components in the order of the data, exports."""

import pulumi
import pulumi_aws as aws

from components import build_context
from components.alerts import Alerts, AlertsArgs
from components.aws import account
from components.encryption import Encryption, EncryptionArgs
from components.image import Image, ImageArgs
from components.job import Job, JobArgs
from components.journal import Journal, JournalArgs
from components.launcher import Launcher, LauncherArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.network.component import Network, NetworkArgs
from components.observer import Observer, ObserverArgs
from components.schedule import Schedule, ScheduleArgs
from components.schedule_group import ScheduleGroup, ScheduleGroupArgs
from components.settings import loader
from components.storage import Storage, StorageArgs

settings = loader.load()
build_context.check(build_context.CONTEXT)
provider = aws.Provider("aws", region=settings.region, default_tags={"tags": settings.all_tags})
here = account.lookup(settings.region, settings.permissions_boundary, provider)
on_aws = pulumi.ResourceOptions(provider=provider)

encryption = Encryption("encryption", EncryptionArgs(account=here, settings=settings), on_aws)
key_arn = encryption.key_arn
storage = Storage("storage", StorageArgs(account=here, settings=settings, key_arn=key_arn), on_aws)
network = Network(
    "network",
    NetworkArgs(account=here, settings=settings, key_arn=key_arn, storage=storage),
    on_aws,
)
journal = Journal("journal", JournalArgs(settings=settings, key_arn=key_arn), on_aws)
image = Image(
    "image",
    ImageArgs(account=here, settings=settings, key_arn=key_arn, context=build_context.CONTEXT),
    on_aws,
)
alerts = Alerts(
    "alerts",
    AlertsArgs(account=here, settings=settings, key_arn=key_arn, repository=image.repository),
    on_aws,
)
job = Job(
    "job",
    JobArgs(
        account=here,
        settings=settings,
        key_arn=key_arn,
        storage=storage,
        network=network,
        repository=image.repository,
    ),
    on_aws,
)
launcher = Launcher(
    "launcher",
    LauncherArgs(
        account=here,
        settings=settings,
        key_arn=key_arn,
        storage=storage,
        network=network,
        journal=journal,
        job=job,
        image_uri=image.uri,
    ),
    on_aws,
)
schedule_group = ScheduleGroup(
    "schedule-group",
    ScheduleGroupArgs(
        account=here,
        settings=settings,
        key_arn=key_arn,
        launcher_arn=launcher.function.arn,
    ),
    on_aws,
)
observer = Observer(
    "observer",
    ObserverArgs(
        account=here,
        settings=settings,
        key_arn=key_arn,
        storage=storage,
        journal=journal,
        topic_arn=alerts.topic_arn,
        launcher=launcher,
        schedule_group=schedule_group,
    ),
    on_aws,
)
Schedule(
    "schedule",
    ScheduleArgs(
        settings=settings,
        key_arn=key_arn,
        schedule_group=schedule_group,
        launcher=launcher,
        observer=observer,
    ),
    on_aws,
)
Monitoring(
    "monitoring",
    MonitoringArgs(
        settings=settings,
        topic_arn=alerts.topic_arn,
        watched=[alerts, launcher, schedule_group, observer],
    ),
    on_aws,
)

pulumi.export("prefix", settings.prefix)
pulumi.export("input_bucket", storage.input_bucket)
pulumi.export("output_bucket", storage.output_bucket)
pulumi.export("image_uri", image.uri)
pulumi.export("journal_table", journal.table)
pulumi.export("launcher", launcher.function.name)
pulumi.export("observer", observer.function.name)
pulumi.export("alerts_topic", alerts.topic_arn)
