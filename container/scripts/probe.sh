#!/usr/bin/env bash
# What `make first-account RUN=yes` has the canary do, to see how AWS takes it. Usage: probe.sh TASK
#   measure  prints the kernel's counts and the disks; holds 2 GB in a file that it has read, and 1 GB
#   fail     writes a file, and exits with 1
#   oom      takes all memory
#   slow     outlasts job.max_runtime_seconds
#   list     prints the files of the input
#   hosts    has the second host of a cluster reach the first one
set -euo pipefail

measure() {
  grep -H '^oom_kill ' /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control \
    /proc/vmstat 2>/dev/null || true
  head -c 2G /dev/urandom >"$OUTPUT_PATH/held"
  cat "$OUTPUT_PATH/held" >/dev/null
  printf 'probe used: %s\n' "$(df --output=pcent "$OUTPUT_PATH" | tail -n 1)"
  printf 'probe whole: %s\n' "$(df --output=source "${OUTPUT_PATH%/*}" | tail -n 1)"
  printf 'probe output: %s\n' "$(df --output=source "$OUTPUT_PATH" | tail -n 1)"
  python3 -c 'import time; held = b"x" * 2**30; time.sleep(160)' # three minutes in all are measured
  rm "$OUTPUT_PATH/held"
}

hosts() {
  local first=${HOSTS%% *}
  if ((HOST_INDEX == 0)); then
    timeout 150 python3 -m http.server 8000 || true
    return
  fi
  until (: <"/dev/tcp/$first/8000"); do
    ((SECONDS < 120))
    sleep 2
  done
  echo "probe hosts: reached $first"
}

case $1 in
  measure) measure ;;
  fail) echo x >"$OUTPUT_PATH/left" && exit 1 ;;
  oom) tail /dev/zero ;;
  slow) sleep infinity ;;
  list) find "$INPUT_PATH" -type f ;;
  hosts) hosts ;;
  *) echo "probe.sh: there is no task $1" >&2 && exit 64 ;;
esac
echo "$1" >"$OUTPUT_PATH/done"
