"""The pipeline, from top to bottom: settings, components in the order of the data, exports."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

from components import account, configuration
from components.encryption import Encryption, EncryptionArgs
from components.image import Image, ImageArgs
from components.job import Job, JobArgs
from components.launcher import Launcher, LauncherArgs
from components.schedule import Schedule, ScheduleArgs
from components.storage import Storage, StorageArgs

settings = configuration.load()
provider = aws.Provider("aws", region=settings.region, default_tags={"tags": settings.all_tags})
here = account.lookup(settings.region, provider)
on_aws = pulumi.ResourceOptions(provider=provider)
holds_data = pulumi.ResourceOptions(provider=provider, protect=settings.protection.protect)

encryption = Encryption(
    "encryption",
    EncryptionArgs(
        account=here,
        prefix=settings.prefix,
        deletion_days=settings.protection.key_deletion_days,
    ),
    holds_data,
)
storage = Storage(
    "storage",
    StorageArgs(
        account=here,
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        retention=settings.retention,
        protection=settings.protection,
        existing_input=settings.input.bucket,
        existing_output=settings.output.bucket,
    ),
    holds_data,
)
image = Image(
    "image",
    ImageArgs(
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        context=Path("container"),
        base_image=settings.base_image,
        keep=settings.retention.images,
        protection=settings.protection,
    ),
    holds_data,
)
job = Job(
    "job",
    JobArgs(
        account=here,
        settings=settings,
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        key_arn=encryption.key_arn,
        image_uri=image.uri,
        repository_arn=image.repository_arn,
    ),
    on_aws,
)
launcher = Launcher(
    "launcher",
    LauncherArgs(
        account=here,
        prefix=settings.prefix,
        key_arn=encryption.key_arn,
        log_days=settings.retention.log_days,
        job_role_arn=job.role_arn,
        environment=job.environment,
        config=job.config,
    ),
    on_aws,
)
schedule = Schedule(
    "schedule",
    ScheduleArgs(
        account=here,
        prefix=settings.prefix,
        schedules=settings.schedules,
        function_arn=launcher.function_arn,
    ),
    on_aws,
)

pulumi.export("input_bucket", storage.input_bucket)
pulumi.export("output_bucket", storage.output_bucket)
pulumi.export("image_uri", image.uri)
pulumi.export("job_name_prefix", f"{settings.prefix}--")
pulumi.export("launcher", launcher.function_name)
pulumi.export("launcher_log_group", launcher.log_group)
pulumi.export("launcher_failures", launcher.failures_url)
pulumi.export("schedule_group", schedule.group)
pulumi.export("schedule_failures", schedule.failures_url)
