#!/usr/bin/env bats
# Faults: a short run of each row of tests/faults/run, whose head says what
# they are. FAULTS_SEED is the seed, else one is drawn, and printed.
# sources: mysql mariadb
# takes long

load support/helpers

setup_file() {
	use_servers
	export FAULTS_SEED=${FAULTS_SEED:-$((SRANDOM % 1000000000))}
	echo "# faults: seed $FAULTS_SEED" >&3
}
teardown_file() { release_servers; }
setup() { cd_temp; }

# faults ROW [OPTION ...]: what it says is shown, whatever comes of it.
faults() {
	run_stage "$ROOT/tests/faults/run" --source "$MILLRACE_SOURCE" \
	    --seed "$FAULTS_SEED" --keep "$PWD/kept" "$@"
	grep '^#' out >&3 || true
	[ "$status" -eq 0 ] || fail "$(tail -n 40 out err)"
}

# on SOURCE: this test says nothing about the other one.
on() { [ "$MILLRACE_SOURCE" = "$1" ] || skip "the same with $1"; }

@test "planted damage is found, each kind by the invariant it breaks" {
	on mysql
	faults planted
}

@test "late commits: nothing is lost, while cursors without a bound lose" {
	faults race --n 10
}

@test "kill -9 of any process, or of all, at random" {
	faults kills --n 25
}

@test "no room, errors and kills, at calls that change a file" {
	on mariadb
	faults disk --n 15
}

@test "connections cut at random bytes, on both sides" {
	faults cut --n 24
}

@test "the source's clock is set forth and back" {
	on mariadb
	faults clock --n 3
}

@test "50 secrets: none in a log, an argument, an environment, a name" {
	on mysql
	faults secrets
}
