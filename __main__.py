"""The pipeline, from top to bottom: settings, components in the order of the data, exports."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components import names
from components.alarms import Alarms, AlarmsArgs
from components.alerts import Alerts, AlertsArgs
from components.aws import account
from components.dashboard import Dashboard, DashboardArgs
from components.dispatch import Dispatch, DispatchArgs
from components.encryption import Encryption, EncryptionArgs
from components.image import Image, ImageArgs
from components.job import Job, JobArgs
from components.journal import Runs, RunsArgs
from components.launcher import Launcher, LauncherArgs
from components.network import existing as existing_vpc
from components.network.component import Network, NetworkArgs, existing
from components.observer import Observer, ObserverArgs
from components.schedule import Schedule, ScheduleArgs
from components.settings import loader
from components.storage import Storage, StorageArgs

settings = loader.load()
provider = aws.Provider("aws", region=settings.region, default_tags={"tags": settings.all_tags})
here = account.lookup(settings, provider)
on_aws = pulumi.ResourceOptions(provider=provider)

encryption = Encryption(
    "encryption",
    EncryptionArgs(
        account=here,
        prefix=settings.prefix,
        log_groups=names.log_groups(settings.prefix, vpc=settings.network.mode == "vpc"),
        keep_data=settings.keep_data,
    ),
    on_aws,
)
storage = Storage(
    "storage",
    StorageArgs(
        account=here,
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        retention=settings.retention,
        keep_data=settings.keep_data,
        existing_input=settings.input.bucket,
        existing_output=settings.output.bucket,
    ),
    on_aws,
)
existing_vpc.check(settings.network, here, provider)
place = existing(settings.network)
if settings.network.mode == "vpc":
    network = Network(
        "network",
        NetworkArgs(
            account=here,
            settings=settings,
            key_arn=encryption.key_arn,
            input_bucket=storage.input_bucket,
            output_bucket=storage.output_bucket,
        ),
        on_aws,
    )
    place = network.place
runs = Runs(
    "runs",
    RunsArgs(prefix=settings.prefix, key_arn=encryption.key_arn, keep_data=settings.keep_data),
    on_aws,
)
image = Image(
    "image",
    ImageArgs(
        account=here,
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        context=Path("container"),
        base_image=settings.image.base,
        keep_data=settings.keep_data,
    ),
    on_aws,
)
alerts = Alerts(
    "alerts",
    AlertsArgs(
        account=here,
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        subscriptions=settings.alerts.subscriptions,
        repository=image.repository,
    ),
    on_aws,
)
job = Job(
    "job",
    JobArgs(
        account=here,
        settings=settings,
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        key_arn=encryption.key_arn,
        repository_arn=image.repository_arn,
        place=place,
    ),
    on_aws,
)
launcher = Launcher(
    "launcher",
    LauncherArgs(
        account=here,
        settings=settings,
        key_arn=encryption.key_arn,
        job_role_arn=job.role_arn,
        image_uri=image.uri,
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        table=runs.table,
        table_arn=runs.table_arn,
        place=place,
        after=[storage, job],
    ),
    on_aws,
)
dispatch = Dispatch(
    "dispatch",
    DispatchArgs(
        account=here,
        prefix=settings.prefix,
        permissions_boundary=settings.permissions_boundary,
        function_arn=launcher.function_arn,
        key_arn=encryption.key_arn,
    ),
    on_aws,
)
observer = Observer(
    "observer",
    ObserverArgs(
        account=here,
        settings=settings,
        key_arn=encryption.key_arn,
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        table=runs.table,
        table_arn=runs.table_arn,
        topic_arn=alerts.topic_arn,
        launcher_arn=launcher.function_arn,
        schedule_group=dispatch.group,
        schedule_role_arn=dispatch.role_arn,
        schedule_failures_arn=dispatch.failures_arn,
        after=[storage, launcher, dispatch],
    ),
    on_aws,
)
Schedule(
    "schedule",
    ScheduleArgs(
        schedules=settings.schedules,
        group=dispatch.group,
        role_arn=dispatch.role_arn,
        failures_arn=dispatch.failures_arn,
        function_arn=launcher.function_arn,
        key_arn=encryption.key_arn,
        after=[dispatch, launcher, observer],
    ),
    on_aws,
)
functions = {"launcher": launcher.function_name, "observer": observer.function_name}
queues = {
    "alerts-failures": alerts.failures_name,
    "launcher-failures": launcher.failures_name,
    "observer-failures": observer.failures_name,
    "schedule-failures": dispatch.failures_name,
}
alarms = Alarms(
    "alarms",
    AlarmsArgs(
        settings=settings,
        topic_arn=alerts.topic_arn,
        functions=functions,
        queues=queues,
        schedule_group=dispatch.group,
        rule=observer.rule,
    ),
    on_aws,
)
if settings.alerts.monitoring == "full":
    dashboard = Dashboard(
        "dashboard",
        DashboardArgs(
            prefix=settings.prefix,
            region=settings.region,
            stack=settings.stack,
            schedules=list(settings.schedules),
            functions=[f"{settings.prefix}-{name}" for name in functions],
            queues=queues,
            alarm_arns=alarms.arns,
            observer_log_group=observer.log_group,
        ),
        on_aws,
    )
    pulumi.export("dashboard", dashboard.name)

pulumi.export("input_bucket", storage.input_bucket)
pulumi.export("output_bucket", storage.output_bucket)
pulumi.export("image_uri", image.uri)
pulumi.export("job_name_prefix", names.job_name_prefix(settings.prefix))
pulumi.export("launcher", launcher.function_name)
pulumi.export("launcher_log_group", launcher.log_group)
pulumi.export("launcher_failures", launcher.failures_url)
pulumi.export("schedule_group", dispatch.group)
pulumi.export("schedule_failures", dispatch.failures_url)
pulumi.export("observer", observer.function_name)
pulumi.export("observer_log_group", observer.log_group)
pulumi.export("observer_failures", observer.failures_url)
pulumi.export("runs_table", runs.table)
pulumi.export("alerts_topic", alerts.topic_arn)
pulumi.export("alerts_failures", alerts.failures_url)
