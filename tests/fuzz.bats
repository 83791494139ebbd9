#!/usr/bin/env bats
# Readers of input that get what they don't expect: tests/fuzz/run, whose head
# says more. FUZZ_SECONDS is for each target; FUZZ_SEED, else one is drawn.

load support/helpers

@test "fuzz targets: all corpora, and new inputs for a while" {
	local log=$BATS_TEST_TMPDIR/log

	"$ROOT/tests/fuzz/run" --engine own --seconds "${FUZZ_SECONDS:-1}" \
	    ${FUZZ_SEED:+--seed "$FUZZ_SEED"} >"$log" 2>&1 ||
	    fail "$(tail -n 60 "$log")"
	grep '^# fuzz:' "$log" >&3
}
