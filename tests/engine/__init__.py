"""The program under the real Pulumi CLI, with stand-ins for its two providers.

    with Stack(tmp_path, "prod", {"network": {"mode": "vpc"}}) as stack:   # tests.engine.stack
        assert stack.preview().changes["network-vpc"] == "create"
        stack.up()
        stack.configure({"retention": {"log_days": 90}})     # the stack file; `...` removes a key
        stack.append("container/scripts/process_data.sh", "# x\\n")   # a file of the project's copy
        outcome = stack.up()    # .changes {name: operation}, .paths(name), .said("warning"), .text
        stack.state(); undeclared(stack.state())             # tests.engine.state
        stack.cloud.objects["bucket"].add("key"); stack.calls; stack.docker.engine_runs = False
        stack.destroy()         # what is refused raises OperationFailed: .outcome, and its errors

Every test here is skipped where there is no CLI. The stand-ins speak the provider protocol from
this process (`provider.py`); `aws_rules.py` says what the real provider does with each type and
where that is written, `aws_cloud.py` what AWS refuses, `aws_lookups.py` what functions answer. A
type, an input or a function that they do not know is an error.
"""
