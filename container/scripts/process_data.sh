#!/usr/bin/env bash
# A sample; put your own in its place. docs/script.md says what it gets and what becomes of it.
# Checks the records of each *.csv and *.csv.gz under INPUT_PATH (RFC 4180, UTF-8, the header's
# fields), and writes under OUTPUT_PATH, for an input DIR/x.csv:
#   DIR/x.csv.parquet         its good records, all columns text
#   rejects/DIR/x.csv.csv     its bad records: file, line, reason, record; only if any
#   summary.json              the good records and the errors of each file and of all
# A blank line is a record of one empty field. Fails at a file that has no good record.
set -euo pipefail
counts=$("${0%/*}/to_parquet" "$INPUT_PATH" "$OUTPUT_PATH")
read -r records errors <<<"$counts"
send_metric RecordsProcessed "$records" Count
send_metric ErrorsEncountered "$errors" Count
