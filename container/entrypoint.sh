#!/usr/bin/env bash
# The contract with SageMaker, which lets process_data.sh beside this file be a plain script.
#
# Reads    $ML_ROOT/config/processingjobconfig.json and resourceconfig.json, written by SageMaker;
#          JOB_NAME, SCHEDULE, SLOT, ATTEMPT and STACK, given by the launcher. ML_ROOT is /opt/ml
#          unless set, and then stands for /opt/ml in the job's paths too.
# Runs     process_data.sh with the job's arguments, and INPUT_PATH, OUTPUT_PATH, HOST_INDEX (from 0)
#          and HOST_COUNT in addition. Several hosts have an OUTPUT_PATH each.
# Writes   $ML_ROOT/output/message if the script fails or is stopped: why, in at most 1024 bytes
#          of UTF-8, which is what SageMaker shows as ExitMessage.
# Prints   what the script prints, but for metrics that are not the job's own: see bin/relay_output.
# Exits    with the script's own code (143 or 130 if TERM or INT ended it), with 64 if the
#          configuration or the environment is not as above.
set -Eeuo pipefail

readonly SCRIPT_NAME=process_data.sh
readonly REQUIRED=(JOB_NAME SCHEDULE SLOT ATTEMPT STACK)
readonly DRAIN_TENTHS=50 # how long a process that outlives the script may hold its streams open

ML_ROOT=${ML_ROOT:-/opt/ml}
scratch=
script_pid=
status= # the script's exit code
signal= # the one that stopped the script, if any
interrupted=

main() {
  local here
  here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
  scratch=$(mktemp -d)
  trap 'rm -rf -- "$scratch"' EXIT
  trap 'pass_on TERM 143' TERM
  trap 'pass_on INT 130' INT

  check_environment
  load_configuration
  run "$here/$SCRIPT_NAME" "$@"
}

check_environment() {
  local name missing=
  for name in "${REQUIRED[@]}"; do
    [[ -n ${!name:-} ]] || missing+=" $name"
  done
  [[ -z $missing ]] || refuse "missing environment variables:$missing; the launcher sets them"
}

load_configuration() {
  local settings
  settings=$(read_configuration 2>"$scratch/why") || refuse "$(<"$scratch/why")"
  {
    IFS= read -r INPUT_PATH
    IFS= read -r OUTPUT_PATH
    IFS= read -r HOST_INDEX
    IFS= read -r HOST_COUNT
  } <<<"$settings"
  mkdir -p -- "$INPUT_PATH" "$OUTPUT_PATH" # a job without input has no input directory
  export INPUT_PATH OUTPUT_PATH HOST_INDEX HOST_COUNT
}

read_configuration() {
  python3 -I - "$ML_ROOT" <<'PYTHON'
import json
import sys

root = sys.argv[1]


def parsed(name, reader):
    path = f"{root}/config/{name}"
    try:
        with open(path, encoding="utf-8") as file:
            return reader(json.load(file))
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    except ValueError as error:
        sys.exit(f"{path}: {error}")
    except (KeyError, TypeError, AttributeError) as error:
        sys.exit(f"{path}: not in SageMaker's form: {error!r}")


def local_paths(job):
    inputs = [i["S3Input"]["LocalPath"] for i in job.get("ProcessingInputs") or []]
    outputs = (job.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    outputs = [o["S3Output"]["LocalPath"] for o in outputs]
    return first(inputs, "input"), first(outputs, "output")


def first(paths, default):
    path = paths[0] if paths else f"/opt/ml/processing/{default}"
    return root + path.removeprefix("/opt/ml") if path.startswith("/opt/ml/") else path


def place(resources):
    # By number, so that every host counts alike whatever order its list has.
    hosts = sorted(resources["hosts"], key=lambda host: (len(host), host))
    return resources["current_host"], hosts.index(resources["current_host"]), len(hosts)


source, target = parsed("processingjobconfig.json", local_paths)
host, index, count = parsed("resourceconfig.json", place)
print(source, f"{target}/{host}" if count > 1 else target, index, count, sep="\n")
PYTHON
}

run() { # SCRIPT ARGUMENT...
  local script=$1
  shift
  local command=("$script" "$@")
  [[ -x $script ]] || command=(bash "$script" "$@")
  set -m # a process group each, so that a signal reaches all of the script and nothing else
  relay out
  relay err 1>&2
  "${command[@]}" </dev/null >"$scratch/out" 2>"$scratch/err" &
  script_pid=$!
  wait_for_script
  kill -KILL -- "-$script_pid" 2>/dev/null || true # what it left running ends with the container
  drain
  report
  exit "$status"
}

# Copies a stream of the script to standard output as it comes, and keeps its end.
relay() { # NAME
  mkfifo "$scratch/$1"
  relay_output "$scratch/$1.end" <"$scratch/$1" &
}

# A trapped signal ends `wait` early: then the script may still be running, so wait again.
wait_for_script() {
  local again
  interrupted=
  wait "$script_pid" && status=0 || status=$?
  while [[ -n $interrupted ]]; do
    interrupted=
    wait "$script_pid" 2>/dev/null && again=0 || again=$?
    ((again == 127)) || status=$again # 127: it had ended before the signal came
  done
}

drain() {
  local tenths
  for ((tenths = 0; tenths < DRAIN_TENTHS; tenths++)); do
    [[ -n $(jobs -pr) ]] || return 0
    sleep 0.1
  done
}

pass_on() { # SIGNAL CODE
  signal=$1 interrupted=yes
  [[ -n $script_pid ]] || exit "$2"
  kill -s "$1" -- "-$script_pid" 2>/dev/null || true
}

report() {
  local what
  if [[ -n $signal ]]; then
    what="was stopped by SIG$signal, exit code $status"
  elif ((status != 0)); then
    what="failed with exit code $status"
  else
    return 0
  fi
  write_message "$SCRIPT_NAME $what" "$scratch/err.end" "$scratch/out.end"
}

refuse() { # MESSAGE
  printf 'entrypoint.sh: %s\n' "$1" >&2
  write_message "entrypoint.sh: $1"
  exit 64
}

# Writes TEXT and the last line of the first FILE that has one. What is not UTF-8 there would make
# SageMaker fail the job for that alone.
write_message() { # TEXT FILE...
  mkdir -p -- "$ML_ROOT/output"
  python3 -I -X utf8 - "$ML_ROOT/output/message" "$@" <<'PYTHON'
import re
import sys
import unicodedata

COLOUR_OR_MOVE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
TITLE_OR_LINK = r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
ESCAPE = re.compile(rf"{COLOUR_OR_MOVE}|{TITLE_OR_LINK}|\x1b[ -/]*[0-~]")


def lines(text):
    for line in ESCAPE.sub("", text).splitlines():
        yield "".join(c for c in line.replace("\t", " ") if unicodedata.category(c) != "Cc").strip()


def last_line(name):
    with open(name, encoding="utf-8", errors="replace", newline="") as file:
        return ([line for line in lines(file.read()) if line] or [""])[-1]


path, text, *files = sys.argv[1:]
ends = [end for end in map(last_line, files) if end]
message = ": ".join([" ".join(lines(text)), *ends[:1]]).encode(errors="replace")
with open(path, "wb") as file:
    file.write(message[:1024].decode(errors="ignore").encode())
PYTHON
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main "$@"
fi
