#!/bin/bash -p
# The contract with SageMaker, which lets scripts/process_data.sh be a plain script.
#
# Reads    /opt/ml/config/processingjobconfig.json and resourceconfig.json, written by SageMaker;
#          JOB_NAME, SCHEDULE, SLOT, ATTEMPT and STACK, given by the launcher.
# Runs     process_data.sh with the job's arguments and environment, and INPUT_PATH, OUTPUT_PATH,
#          HOST_INDEX (from 0) and HOST_COUNT in addition. Several hosts have an OUTPUT_PATH each.
# Writes   /opt/ml/output/message, which SageMaker shows as ExitMessage: how the script ended, if not
#          well, and why (see bin/exit_message.py). What the script wrote there itself comes first.
# Removes  a file _SUCCESS at the top of the output: that name is the pipeline's own.
# Prints   what the script prints, but for metrics that are not the job's own (see bin/relay_output),
#          and at the end what of the output SageMaker will not upload.
# Exits    with the script's own code (143 or 130 if TERM or INT ended it), with 64 if the
#          configuration or the environment is not as above.
#
# -p and a PATH of its own: BASH_ENV, PATH or PYTHONHOME in the job's environment reach the script only.
set -Eeuo pipefail

readonly JOB_PATH=${PATH-}
PATH=/usr/local/bin:/usr/bin:/bin:/opt/venv/bin
readonly SCRIPT_NAME=process_data.sh
readonly REQUIRED=(JOB_NAME SCHEDULE SLOT ATTEMPT STACK)
readonly MESSAGE_FILE=/opt/ml/output/message
readonly LONGEST_LIST=20 # how many files that are not uploaded are named
# The kernel's counts of processes that it killed for lack of memory: of this container with cgroups
# v2 and v1, of the machine if neither can be read.
readonly OOM_COUNTS=(/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control /proc/vmstat)
readonly HERE=${BASH_SOURCE[0]%/*}
readonly PYTHON=(python3 -E -s -S -B)

began=$EPOCHSECONDS
script_pid=
status= # the script's exit code
signal= # the one that stopped the script, if any
interrupted=
relays=()

main() {
  local killed_before killed
  trap 'pass_on TERM 143' TERM
  trap 'pass_on INT 130' INT

  mkdir -p -- "${MESSAGE_FILE%/*}" # also for the script, which may write the message
  check_environment
  load_configuration
  killed_before=$(count_oom_kills)
  start "$HERE/scripts/$SCRIPT_NAME" "$@"
  wait_for_script
  trap '' TERM INT # the rest is quick
  drain
  killed=$(($(count_oom_kills) - killed_before))
  remove_marker
  conclude "$HERE/scripts/$SCRIPT_NAME" "$killed"
  exit "$status"
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
  settings=$("${PYTHON[@]}" "$HERE/bin/read_configuration.py" 2>&1) || refuse "$settings"
  {
    IFS= read -r INPUT_PATH
    IFS= read -r UPLOADED # of several hosts, the directory above OUTPUT_PATH
    IFS= read -r OUTPUT_PATH
    IFS= read -r HOST_INDEX
    IFS= read -r HOST_COUNT
  } <<<"$settings"
  mkdir -p -- "$INPUT_PATH" "$OUTPUT_PATH" # a job without input has no input directory
  export INPUT_PATH OUTPUT_PATH HOST_INDEX HOST_COUNT
}

count_oom_kills() {
  local file name count
  for file in "${OOM_COUNTS[@]}"; do
    [[ -r $file ]] || continue
    while read -r name count; do
      if [[ $name == oom_kill ]]; then
        printf '%s' "$count"
        return
      fi
    done <"$file"
  done
  printf 0
}

start() { # SCRIPT ARGUMENT...
  local scratch command=("$@")
  [[ -x $1 ]] || command=(/bin/bash "$@")
  scratch=$(mktemp -d /tmp/entrypoint.XXXXXXXX)
  mkfifo "$scratch/out" "$scratch/err"
  exec 3<>"$scratch/out.end" 4<>"$scratch/err.end"
  set -m # a process group each, so that a signal reaches all of the script and nothing else
  "${PYTHON[@]}" "$HERE/bin/relay_output" /dev/fd/3 <"$scratch/out" &
  relays+=("$!")
  "${PYTHON[@]}" "$HERE/bin/relay_output" /dev/fd/4 <"$scratch/err" >&2 &
  relays+=("$!")
  exec 5>"$scratch/out" 6>"$scratch/err"
  rm -rf -- "$scratch" # all is open by now; the script may clear /tmp
  PATH=$JOB_PATH "${command[@]}" </dev/null >&5 2>&6 3>&- 4>&- 5>&- 6>&- &
  script_pid=$!
  exec 5>&- 6>&-
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

pass_on() { # SIGNAL CODE
  [[ -n $script_pid ]] || exit "$2"
  signal=$1 interrupted=yes
  kill -s "$1" -- "-$script_pid" 2>/dev/null || true
}

# The script's last lines may still be in a filter that it started, `exec > >(tee …)`: waits until
# all of its streams are closed, which `hurry` forces after two seconds.
drain() {
  local timer
  hurry 2>/dev/null &
  timer=$!
  disown "$timer"
  wait "${relays[@]}" || true
  kill -KILL -- "-$timer" "-$script_pid" 2>/dev/null || true
}

hurry() {
  sleep 2
  kill -TERM -- "-$script_pid" || true
  sleep 1
  kill -KILL -- "-$script_pid" || true
  sleep 1
  kill -USR1 -- "${relays[@]}" # a process outside the script's group holds a stream
}

# SageMaker's upload at the end takes place, or may, whatever the exit code is.
remove_marker() {
  local name
  for name in "$UPLOADED/_SUCCESS" "$OUTPUT_PATH/_SUCCESS"; do
    [[ -f $name ]] || continue
    rm -f -- "$name" && log "not uploaded: $name: the pipeline itself writes a file of that name"
  done
}

conclude() { # SCRIPT KILLED
  local what=
  if [[ -n $signal ]]; then
    what="$SCRIPT_NAME was stopped by SIG$signal, exit code $status"
  elif ((status != 0)); then
    what="$SCRIPT_NAME failed with exit code $status"
  else
    check_output
    return
  fi
  # The observer classifies by the next words.
  (($2 <= 0)) || what+=", the kernel killed $2 of its processes for lack of memory"
  write_message "$what$(why_no_start "$1")" /dev/fd/4 /dev/fd/3
}

# What the kernel and bash say of such a script ("required file not found") hides why.
why_no_start() { # SCRIPT
  local first='' interpreter
  IFS= read -r first 2>/dev/null <"$1" || true
  if [[ $first == *$'\r' ]]; then
    printf %s ", its lines end in CRLF: save it with LF, sed -i 's/\\r\$//' $SCRIPT_NAME"
  elif ((status == 126 || status == 127)) && [[ $first == '#!'* ]]; then
    read -r interpreter _ <<<"${first#'#!'}"
    [[ -x $interpreter ]] || printf %s ", its first line names $interpreter, which is not there"
  fi
}

check_output() {
  local elsewhere said
  name_left_out
  if [[ -n $(find "$UPLOADED" -type f -print -quit 2>/dev/null) ]]; then
    [[ ! -e $MESSAGE_FILE ]] || write_message ""
    return
  fi
  said="$SCRIPT_NAME wrote no output: there is no file under $OUTPUT_PATH"
  elsewhere=$(find "$PWD" -xdev -maxdepth 3 -type f -newermt "@$began" -print -quit 2>/dev/null) || true
  [[ -z $elsewhere ]] || said+=", but one such as $(printf %q "$elsewhere")"
  log "$said"
  ((HOST_COUNT > 1)) || write_message "$said" # of several, others may have something
}

# SageMaker follows no symbolic links, also not in the place of the directory itself.
name_left_out() {
  local kind name target count=0
  local -A kinds=([s]="a socket" [p]="a named pipe" [b]="a device" [c]="a device")
  while IFS= read -r -d '' kind && IFS= read -r -d '' name && IFS= read -r -d '' target; do
    ((++count <= LONGEST_LIST)) || continue
    [[ $kind != l ]] || kinds[l]="a symbolic link to $(printf %q "$target")"
    log "not uploaded: $(printf %q "$name"): it is ${kinds[$kind]:-no regular file}"
  done < <(find "$UPLOADED" ! -type f ! -type d -printf '%y\0%p\0%l\0' 2>/dev/null)
  ((count <= LONGEST_LIST)) || log "not uploaded: $((count - LONGEST_LIST)) more of that kind"
}

log() { # MESSAGE
  printf 'entrypoint.sh: %s\n' "$1" >&2
}

refuse() { # MESSAGE
  log "$1"
  write_message "entrypoint.sh: $1"
  exit 64
}

# The exit code stays the script's, whatever becomes of the message.
write_message() { # TEXT STREAM_END...
  "${PYTHON[@]}" -X utf8 "$HERE/bin/exit_message.py" "$MESSAGE_FILE" "$@" || true
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main "$@"
fi
