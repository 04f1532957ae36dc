#!/usr/bin/env bash
# A sample; put your own in its place. docs/script.md says what it gets and what becomes of it.
#
# Checks that each record of each *.csv and *.csv.gz under INPUT_PATH has the header's fields
# (RFC 4180, UTF-8), and writes under OUTPUT_PATH, for an input DIR/x.csv:
#   DIR/x.csv.parquet         its good records, all columns text
#   rejects/DIR/x.csv.csv     its bad records: file, line, reason, record; only if any
#   summary.json              the good records and the errors of each file and of all
# A blank line is a record of one empty field: an error, unless the file has one column. A file of
# no bytes counts 0 and 0. Fails at a file that cannot be read as CSV text or has no good record.
set -euo pipefail

: "${INPUT_PATH:?is not set}" "${OUTPUT_PATH:?is not set}"
counts=$("${0%/*}/to_parquet" "$INPUT_PATH" "$OUTPUT_PATH")
read -r records errors <<<"$counts"
send_metric RecordsProcessed "$records" Count
send_metric ErrorsEncountered "$errors" Count
