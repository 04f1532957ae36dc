#!/usr/bin/env bash
# A sample; put your own in its place. It runs with the job's arguments and, in the environment,
# INPUT_PATH OUTPUT_PATH JOB_NAME SCHEDULE SLOT ATTEMPT HOST_INDEX HOST_COUNT. What it writes under
# OUTPUT_PATH is uploaded; any exit code but 0 fails the job, with what it wrote to
# /opt/ml/output/message as reason, or with the last line of stderr that looks like one.
#
# Checks that each record of each *.csv and *.csv.gz under INPUT_PATH has the header's fields
# (RFC 4180, UTF-8), and writes under OUTPUT_PATH, for an input DIR/x.csv:
#   DIR/x.csv.parquet         its good records, all columns text
#   rejects/DIR/x.csv.csv     its bad records: file, line, reason, record; only if any
#   summary.json              the good records and the errors of each file and of all
# A blank line is a record of one empty field: an error, unless the file has one column. A file of
# no bytes counts 0 and 0. Exits 1 at a file that cannot be read as CSV text at all, naming it.
set -Eeuo pipefail

main() {
  : "${INPUT_PATH:?is not set}" "${OUTPUT_PATH:?is not set}"
  local here=${BASH_SOURCE[0]%/*} input=${INPUT_PATH%/} output=${OUTPUT_PATH%/} scratch file name counts totals
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064 # the value of now: the variable is gone when the trap runs
  trap "rm -rf -- '$scratch'" EXIT
  export TMPDIR=$scratch

  find "$input" -type f -print0 | LC_ALL=C sort -z >"$scratch/files"
  : >"$scratch/counts"
  while IFS= read -r -d '' file; do
    name=${file#"$input"/}
    case $name in
      *.csv | *.csv.gz) ;;
      *) log "$name" "ignored, neither .csv nor .csv.gz" && continue ;;
    esac
    counts=$("$here/to_parquet" "$file" "$output/$name.parquet" "$output/rejects/$name.csv" "$name")
    log "$name" "$counts"
    printf '%s\0%s\0' "$name" "$counts" >>"$scratch/counts"
  done <"$scratch/files"

  totals=$(summarize "$scratch/counts" "$output/summary.json")
  send_metric RecordsProcessed "${totals% *}" Count
  send_metric ErrorsEncountered "${totals#* }" Count
}

# Writes the summary and prints "records errors".
summarize() { # COUNTS SUMMARY
  python3 -I - "$@" <<'PYTHON'
import json
import os
import sys

with open(sys.argv[1], "rb") as file:
    entries = [os.fsdecode(entry) for entry in file.read().split(b"\0")[:-1]]
files = dict(zip(entries[::2], map(json.loads, entries[1::2])))
totals = {key: sum(counts[key] for counts in files.values()) for key in ("records", "errors")}
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"files": files, **totals}, file, indent=2)
print(totals["records"], totals["errors"])
PYTHON
}

log() { # NAME TEXT
  printf '%s %q: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$@" >&2
}

main "$@"
