"""The pipeline, from top to bottom: settings, components in the order of the data, exports."""

from datetime import UTC, datetime

import pulumi
import pulumi_aws as aws

from components import build_context, forecast
from components.alerts import Alerts
from components.aws import account
from components.encryption import Encryption
from components.image import Image
from components.job import Job
from components.journal import Journal
from components.launcher import Launcher
from components.monitoring import Monitoring
from components.network.component import Network
from components.observer import Observer
from components.replication import Replication
from components.schedule import Schedule
from components.schedule_group import ScheduleGroup
from components.settings import loader
from components.stack import Stack
from components.storage import Storage

settings = loader.load()
build_context.check(build_context.CONTEXT, settings.scripts)
provider = aws.Provider("aws", region=settings.region, default_tags={"tags": settings.all_tags})
here = account.lookup(settings.region, settings.permissions_boundary, provider)
on_aws = pulumi.ResourceOptions(provider=provider)

encryption = Encryption("encryption", settings, here, on_aws)
stack = Stack(settings, here, encryption.key_arn, on_aws)
storage = Storage("storage", stack)
Replication("replication", stack, storage=storage)
network = Network("network", stack, storage=storage)
journal = Journal("journal", stack)
image = Image("image", stack)
alerts = Alerts("alerts", stack, image=image)
job = Job("job", stack, storage=storage, network=network, image=image)
launcher = Launcher(
    "launcher",
    stack,
    storage=storage,
    network=network,
    journal=journal,
    job=job,
    image=image,
)
group = ScheduleGroup("schedule-group", stack, launcher=launcher)
observer = Observer(
    "observer",
    stack,
    storage=storage,
    journal=journal,
    alerts=alerts,
    launcher=launcher,
    group=group,
)
Schedule("schedule", stack, group=group, launcher=launcher, observer=observer)
Monitoring("monitoring", stack, alerts=alerts, watched=[launcher, group, observer])

pulumi.info(forecast.text(settings, datetime.now(UTC)))

pulumi.export("prefix", settings.prefix)
pulumi.export("input_bucket", storage.input_bucket)
pulumi.export("output_bucket", storage.output_bucket)
pulumi.export("image_uri", image.uri)
pulumi.export("journal_table", journal.table)
pulumi.export("launcher", launcher.function.name)
pulumi.export("observer", observer.function.name)
pulumi.export("alerts_topic", alerts.topic_arn)
