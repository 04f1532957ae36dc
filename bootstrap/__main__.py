"""What CI needs in an account: settings, state, GitHub, images, roles of each stack, exports."""

import sys
from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi_aws as aws

# Pulumi's host puts nothing on the path but this directory, and the packages are beside it.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from bootstrap import commands, settings
from bootstrap.github import Github
from bootstrap.images import Images
from bootstrap.roles import Roles
from bootstrap.stack import Stack
from bootstrap.state import State
from components.aws import account

found = settings.load()
tags = aws.ProviderDefaultTagsArgs(tags={"Project": pulumi.get_project()})
provider = aws.Provider("aws", region=found.region, default_tags=tags)
here = account.lookup(found.region, None, provider)
on_aws = pulumi.ResourceOptions(provider=provider)

state = State("state", here, on_aws)
github = Github("github", found, on_aws)
pulumi.export("backend_url", state.backend_url)
own = commands.of_own_state(state, pulumi.get_project(), pulumi.get_stack())
pulumi.export("commands", own)

stacks = [
    Stack(each, replace(here, region=each.region), found.other_of(each)) for each in found.stacks
]
replicate = found.image_replication == "create"
Images("images", here, stacks, replicate=replicate, opts=on_aws)
for stack in stacks:
    roles = Roles(stack.name, stack, github=github, state=state, opts=on_aws)
    pulumi.export(
        stack.name,
        {
            "deploy_role_arn": roles.arns["deploy"],
            "preview_role_arn": roles.arns["preview"],
            "permissions_boundary": roles.boundary_arn,
            "commands": pulumi.Output.all(**roles.arns).apply(commands.of(stack, found, state)),
        },
    )
