#!/usr/bin/env bash
# What `make test-aws` runs, to see that a deployed stack does what it should.
# Counts the lines of its input. Fails where that has an object `fail`, whose text is the reason.
# An object `probe` names what `make first-account` wants instead.
set -euo pipefail
if [[ -e $INPUT_PATH/probe ]]; then
  exec "${0%/*}/probe.sh" "$(<"$INPUT_PATH/probe")"
fi
if [[ -e $INPUT_PATH/fail ]]; then
  cp "$INPUT_PATH/fail" /opt/ml/output/message
  exit 1
fi
lines=$(cat "$INPUT_PATH"/* | wc -l)
echo "canary: slot $SLOT has $lines lines"
send_metric CanaryLines "$lines" Count
printf '{"lines": %d}\n' "$lines" >"$OUTPUT_PATH/canary.json"
