"""Which services a script calls, as far as its text shows."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import script_calls, shell_commands
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("aws s3 cp a s3://b", "s3"),
        ("aws s3api head-object", "s3"),
        ("/usr/local/bin/aws sts get-caller-identity", "sts"),
        ("aws --region eu-west-1 --debug logs tail x", "logs"),
        ("aws --region=eu-west-1 sqs list-queues", "sqs"),
        ("  A=1 B='x y' aws kms list-keys", "kms"),
        ("true && aws sns publish", "sns"),
        ("true || aws sns publish", "sns"),
        ("true; aws sns publish", "sns"),
        ("true | aws sns publish", "sns"),
        ("sleep 1 & aws sns publish", "sns"),
        ("true |& aws sns publish", "sns"),
        ("if ! aws sns publish; then true; fi", "sns"),
        ("while aws sns publish; do true; done", "sns"),
        ("for x in a b; do aws sns publish; done", "sns"),
        ("{ aws sns publish; }", "sns"),
        ("(aws sns publish)", "sns"),
        ("x=$(aws sns publish)", "sns"),
        ('x="text $(aws sns publish) text"', "sns"),
        ("x=`aws sns publish 2>/dev/null`", "sns"),
        ("x=${y:-$(aws sns publish)}", "sns"),
        ("diff <(aws sns publish) file", "sns"),
        ("publish() { aws sns publish; }", "sns"),
        ("function publish { aws sns publish; }", "sns"),
        ("case $x in\n  a) aws sns publish ;;\nesac", "sns"),
        ("case $(aws sns publish) in *) ;; esac", "sns"),
        (">log 2>&1 aws sns publish", "sns"),
        ("exec aws sns publish", "sns"),
        ("time aws sns publish", "sns"),
        ("cat <<X\n$(aws sns publish)\nX", "sns"),
        ("timeout -k 5 30 aws sns publish", "sns"),
        ("find . | xargs -n 1 -I{} aws sns publish {}", "sns"),
        ("env A=1 aws sns publish", "sns"),
        ("aws \\\n  sns publish", "sns"),
        ("[[ -n $x ]] && aws sns publish", "sns"),
        ("a=(one two); aws sns publish", "sns"),
        ("(( x = 1 << 2 )); aws sns publish", "sns"),
        ("cat <<<text; aws sns publish", "sns"),
        ("cat <<X\nbody\nX\naws sns publish", "sns"),
        ("cat <<-X\n\tbody\n\tX\naws sns publish", "sns"),
        ("x=${y/(/z}; aws sns publish", "sns"),
        ("'aws' \"sns\" publish", "sns"),
        ('aws "$service" list', script_calls.UNKNOWN_SERVICE),
        ("curl -fsS https://example.com", "internet"),
        ("wget x", "internet"),
        ("git -C dir clone x", "internet"),
        ("pip install x", "internet"),
        ("python3 -m pip install x", "internet"),
        ("sudo apt-get update", "internet"),
        ("dnf -y install x", "internet"),
    ],
)
def test_a_call_is_found(line: str, called: str) -> None:
    assert list(script_calls.find(f"set -e\n{line}\n")) == [called]


@pytest.mark.parametrize(
    "line",
    [
        "# aws s3 ls",
        "true # aws s3 ls",
        "echo aws s3 ls",
        "echo 'aws s3 ls'; printf \"curl\n\"",
        "x='\naws s3 ls\n'",
        'x="\naws s3 ls\n"',
        "x=$'it\\'s\naws s3 ls'",
        "cat <<EOF\naws s3 ls\nEOF",
        "cat <<'END OF' >x\naws s3 ls\nEND OF",
        "cat <<-EOF | cat\n\taws s3 ls\n\tEOF",
        "python3 - <<'P' \\\n  \"$@\"\naws s3 ls\nP",
        "case $x in aws | curl) ;; (wget) ;; esac",
        "case $x in\n  # curl\n  curl)\n    true\n    ;;\n  wget) ;;\nesac",
        "[[ $x =~ ^(curl|wget)$ ]]",
        "x=(aws curl)",
        "for x in aws curl; do true; done",
        "aws=1 curl=2",
        "aws --version",
        "aws configure set region x",
        "aws help",
        "git status; git commit -m x",
        "pip --version",
        "my-aws s3 ls; awscli s3 ls",
        "curl() { true; }",
        "x=$((1 + 2)) y=${x#curl} z=${x/(/wget}",
        "true >curl 2>>wget <aws &>ssh",
    ],
)
def test_what_only_looks_like_a_call_is_none(line: str) -> None:
    assert script_calls.find(f"{line}\ntrue\n") == {}


def test_each_is_given_with_its_first_line() -> None:
    script = "true\naws s3 ls\n# x\ncat <<X\n\n\nX\ncurl x; aws s3 cp\nx=$(\n  aws sts y)\n"
    assert script_calls.find(script) == {"s3": 2, "internet": 8, "sts": 10}


@pytest.mark.parametrize("name", ["process_data.sh", "entrypoint.sh"])
def test_the_scripts_of_the_image_call_nothing(name: str) -> None:
    assert script_calls.find((ROOT / "container" / name).read_text("utf-8")) == {}


class TestAnyText:
    @given(st.text(st.sampled_from("aws curl$(){}[]<>|&;#'\"`\\\n\t=- !casein;esac"), max_size=60))
    def test_gives_commands_with_a_name_on_a_line_that_is_there(self, script: str) -> None:
        for command in shell_commands.commands(script):
            assert command.words
            assert 1 <= command.line <= script.count("\n") + 1

    @given(st.text())
    def test_in_quotes_is_no_command(self, text: str) -> None:
        found = shell_commands.commands(f"printf %s {shlex.quote(text)}\ntrue")
        assert [command.words[0] for command in found] == ["printf", "true"]

    @given(st.lists(st.sampled_from(["echo 'x'", 'echo "y"', "a=$(true)", "# '", "x=1"])))
    def test_before_a_call_does_not_hide_it(self, lines: list[str]) -> None:
        script = "\n".join([*lines, "curl x"])
        assert script_calls.find(script) == {"internet": len(lines) + 1}
