#!/opt/venv/bin/python3 -ESBXutf8
"""The contract with SageMaker, which lets the files in scripts/ be plain scripts.

Reads    resourceconfig.json, written by SageMaker, where this kind of job has it (see places.py);
         SCRIPT, JOB_NAME, SCHEDULE, SLOT, ATTEMPT and STACK, given by the launcher.
Runs     scripts/$SCRIPT, or process_data.sh there if that is not set, with the job's arguments and
         environment (of which the options above keep PYTHONHOME and its like from this program),
         and INPUT_PATH, OUTPUT_PATH, CHECKPOINT_PATH, HOST_INDEX (from 0), HOST_COUNT and HOSTS
         (their names, in that order) in addition, and REFERENCE_PATH where there are reference
         data. Several hosts have an OUTPUT_PATH each.
Writes   how the script ended, if not well, and why (see exit_message.py), behind what the script
         wrote itself to /opt/ml/output/message: there for a processing job, of which SageMaker
         shows it as ExitMessage; for a training job to /opt/ml/output/failure, which it shows as
         FailureReason, or after a success, maybe empty, beside the output.
Removes  a file _SUCCESS at the top of the output: that name is the pipeline's own; and of a
         success what is no plain file: a processing job uploads none, and of a training job AWS
         does not say.
Prints   what the script prints, but for metrics that are not the job's own (see relay.py); at the
         end what of the output is not uploaded; and how much a checkpoint has that outlives the
         machine, at the start and after TERM or INT.
Exits    with the script's own code; with 143 or 130 if TERM or INT ended it or came before it
         ended well, since it may be half done; with 64 if the configuration is not as SageMaker
         writes it.
"""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, run

import exit_message
import places
from places import Places
from relay import Relay

NAME = os.environ.get("SCRIPT", "process_data.sh")
SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / NAME
# The kernel's counts of processes that it killed for lack of memory: of this container with cgroups
# v2 and v1, of the machine if neither can be read.
CGROUP = "/sys/fs/cgroup"
OOM_COUNTS = (f"{CGROUP}/memory.events", f"{CGROUP}/memory/memory.oom_control", "/proc/vmstat")
LONGEST_LIST = 20  # of files that are not uploaded
PATIENCE = ((2.0, signal.SIGTERM), (1.0, signal.SIGKILL), (1.0, signal.SIGKILL))
"""Seconds that each stream may outlive the script itself, and what the rest of it gets then."""


class Script:
    """A process group of its own, so that a signal reaches all of the script and nothing else."""

    def __init__(self) -> None:
        self.stopped_by = 0  # the last signal that was passed on
        self._group = 0
        self.relays: list[Relay] = []

    def run(self, environment: dict[str, str]) -> int:
        """Return its exit code, 128 and the signal's number if one has ended it."""
        # bash also runs what has no first line #!, and has words and codes for what cannot be run.
        how = ["-p", "-c", 'exec "$0" "$@"'] if os.access(SCRIPT, os.X_OK) else []
        command = ["/bin/bash", *how, str(SCRIPT), *sys.argv[1:]]
        woken = _wake_at_signals()
        process = Popen(
            command, env=environment, process_group=0, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        self._group = process.pid
        for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
            self.relays.append(Relay(source, target.buffer, environment))
            self.relays[-1].start()
        code = process.returncode = os.waitstatus_to_exitcode(_wait_for(process.pid, woken))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the rest is quick
        self._drain()
        return code if code >= 0 else 128 - code

    def pass_on(self, number: int, _frame: object) -> None:
        """Send a signal on to the script; exit if it has not been started."""
        if not self._group:
            sys.exit(128 + number)
        self.stopped_by = number
        self._send(number)

    def _drain(self) -> None:
        """Wait for the last lines, which a filter of the script's may hold: `exec > >(tee ...)`."""
        for seconds, number in PATIENCE:
            for relay in self.relays:
                relay.join(seconds)
            if any(relay.is_alive() for relay in self.relays):
                self._send(number)
        self._send(signal.SIGKILL)
        for relay in self.relays:
            relay.given_up = True
            relay.join()

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._group, number)


def _wake_at_signals() -> int:
    """Return from where each signal can be read, so that none comes too early for who waits.

    os.wait() goes on waiting after a signal that came just before it: Python has taken note of it,
    and calls the handler when the script has ended.
    """
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return woken


def _wait_for(child: int, woken: int) -> int:
    """Return how a child ended; process 1 inherits what the script leaves behind."""
    while True:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                return ended[1]
        os.read(woken, 99)


def main() -> None:
    """Run the script as SageMaker's job."""
    script = Script()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, script.pass_on)
    job = places.of_job(os.environ)
    places.MESSAGE.parent.mkdir(parents=True, exist_ok=True)  # for what the script writes there
    index, hosts = _hosts(job)
    count = len(hosts)
    target = job.output / hosts[index] if count > 1 else job.output
    for folder in (job.input, target, job.checkpoint):  # SageMaker makes those that have something
        folder.mkdir(parents=True, exist_ok=True)
    paths = {"INPUT": job.input, "OUTPUT": target, "CHECKPOINT": job.checkpoint}
    if job.reference.is_dir():
        paths["REFERENCE"] = job.reference
    given = {f"{name}_PATH": str(path) for name, path in paths.items()}
    given |= {"HOST_INDEX": str(index), "HOST_COUNT": str(count), "HOSTS": " ".join(hosts)}
    if count > 1:
        objects, size = _amount(job.input)
        _log(f"host {index + 1} of {count} has {objects} objects, {size} bytes")
    _tell_checkpoint(job, "start")
    began, folder, killed_before = time.time(), Path.cwd(), _oom_kills()
    code = script.run({**os.environ, **given})
    killed = _oom_kills() - killed_before
    for marker in {job.output / "_SUCCESS", target / "_SUCCESS"}:
        if marker.is_file():  # SageMaker may upload it whatever the exit code is
            marker.unlink()
            _log(f"not uploaded: {marker}: the pipeline itself writes a file of that name")
    if script.stopped_by:
        _tell_checkpoint(job, "end")
    if code or script.stopped_by:
        ends = [relay.end for relay in reversed(script.relays)]
        end = _tell_failure(job, _how_it_ended(script.stopped_by, code, killed), ends)
    else:
        said = _check_output(job.output, target, folder, began)
        # Of several hosts, others may have something.
        exit_message.write(job.success_text, said if count == 1 else "", longest=places.SHOWN)
        end = "completed"
    if count > 1:  # the observer tells of each host by this line
        _log(f"host {index + 1} of {count}: {end}")
    sys.exit(code or (script.stopped_by and 128 + script.stopped_by))


def _hosts(job: Places) -> tuple[int, list[str]]:
    """Return the number of this host, from 0, and the names of all in that order."""
    try:
        found = json.loads(job.resources.read_text("utf-8"))
        # By number, so that every host counts alike whatever order its list has.
        hosts = sorted(found["hosts"], key=lambda host: (len(host), host))
        return hosts.index(found["current_host"]), hosts
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        _log(why := f"{job.resources} is not as SageMaker writes it: {error!r}")
        _tell_failure(job, f"entrypoint: {why}")
        sys.exit(64)


def _tell_checkpoint(job: Places, at: str) -> None:
    if job.checkpoint_lasts:
        files, size = _amount(job.checkpoint, "!", "-name", "*.sagemaker-upload*")  # its own notes
        _log(f"checkpoint at the {at}: {files} files, {size} bytes")


def _tell_failure(job: Places, text: str, ends: Iterable[bytes] = ()) -> str:
    return exit_message.write(job.failure_text, text, ends, longest=job.longest_failure)


def _oom_kills() -> int:
    for path in filter(os.path.exists, OOM_COUNTS):
        if found := re.search(r"^oom_kill (\d+)$", Path(path).read_text(), re.MULTILINE):
            return int(found[1])
    return 0


def _how_it_ended(stopped_by: int, code: int, killed: int) -> str:
    how = f"was stopped by {signal.Signals(stopped_by).name}," if stopped_by else "failed with"
    said = f"{NAME} {how} exit code {code}"
    if killed > 0:  # the observer classifies by these words
        said += f", the kernel killed {killed} of its processes for lack of memory"
    # What the kernel and bash say of such a script ("required file not found") hides why.
    text = SCRIPT.read_bytes() if SCRIPT.is_file() else b""
    first = re.match(rb"#!\s*(\S+)", text)
    if re.match(rb"[^\n]*\r\n", text):
        said += f", its lines end in CRLF: save it with LF, sed -i 's/\\r$//' {NAME}"
    elif code in {126, 127} and first and not os.access(first[1], os.X_OK):
        said += f", its first line names {os.fsdecode(first[1])}, which is not there"
    return said


def _check_output(output: Path, target: Path, folder: Path, began: float) -> str:
    """Remove and log what is no plain file, and return what to say if there is no other."""
    # Also a link in the place of the directory itself.
    unlike = ("!", "-type", "f", "!", "-type", "d", "-printf", r"%y\0%p\0%l\0", "-delete")
    found = _find(str(output), *unlike)
    others = list(zip(found[::3], found[1::3], found[2::3], strict=True))
    for kind, path, link in others[:LONGEST_LIST]:
        what = f"a symbolic link to {link!r}" if kind == "l" else "no regular file"
        _log(f"not uploaded: {path!r}: it is {what}")
    if (more := len(others) - LONGEST_LIST) > 0:
        _log(f"not uploaded: {more} more of that kind")
    if _find(str(output), "-type", "f", "-print0", "-quit"):
        return ""
    said = f"{NAME} wrote no output: there is no file under {target}"
    near = (str(folder), "-xdev", "-maxdepth", "3", "-type", "f", "-newermt", f"@{began}")
    if elsewhere := _find(*near, "-print0", "-quit"):
        said += f", but one such as {elsewhere[0]!r}"
    _log(said)
    return said


def _amount(folder: Path, *but: str) -> tuple[int, int]:
    """Return how many files a folder has, and how many bytes they are."""
    sizes = [int(size) for size in _find(str(folder), "-type", "f", *but, "-printf", r"%s\0")]
    return len(sizes), sum(sizes)


def _find(*arguments: str) -> list[str]:
    done = run(["find", *arguments], env={"PATH": os.defpath}, capture_output=True, check=False)
    return os.fsdecode(done.stdout).split("\0")[:-1]


def _log(text: str) -> None:
    sys.stderr.write(f"entrypoint: {text}\n")


if __name__ == "__main__":
    main()
