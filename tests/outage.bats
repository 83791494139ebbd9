#!/usr/bin/env bats
# Servers that are away for long, with the settings as they come: the service
# goes on by itself. MILLRACE_OUTAGE is how long, in seconds (4);
# MILLRACE_WITHIN how soon after the server answers again the first row has
# to arrive (20, as a slow machine is no fault; the manual promises 5).
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	export STATE_DIR=$PWD/state HTTP_ADDRESS=unix:$PWD/api
	export SYNC_TABLES=categories,customers,products,inventory,orders
	export SYNC_INTERVAL_MINUTES=0.02
	outage=${MILLRACE_OUTAGE:-4}
	sup= writer=
	mongo_q drop
	"$ROOT/scripts/sample-shop" fill --seed 71 --rows 1000 >shop
}

teardown() {
	for p in $writer $sup; do
		kill -9 "$p" 2>/dev/null || true
	done
	# What follows needs them.
	servers start
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 40 log >&2
}

servers() {
	"$ROOT/scripts/servers" "$@" >servers.out 2>&1 3>&- </dev/null
}

# Changes all the time, whether or not they can be made.
write_on() {
	local i=0

	while :; do
		i=$((i + 1))
		"$ROOT/scripts/sample-shop" mutate --seed $((7100 + i)) \
		    --rows 20 || true
		sleep 0.1
	done >/dev/null 2>&1
}

start() {
	supervisor >>log 2>&1 </dev/null 3>&- &
	sup=$!
	wait_until everyone_ran 2
	write_on 3>&- &
	writer=$!
}

everyone_ran() {
	local t

	for t in ${SYNC_TABLES//,/ }; do
		[ "$(grep -c "\"table\":\"$t\".*\"outcome\":\"ok\"" log)" \
		    -ge "$1" ] || return
	done
}

times() { grep -cE -- "$1" log || true; }
more_than() { [ "$(times "$2")" -gt "$1" ]; }
answers_mysql() { mysql_q 'SELECT 1' >/dev/null 2>&1; }
arrived() { [ "$(mongo_q count customers "{\"name\":\"$new\"}")" = 1 ]; }

# add_customer ID: one whose arrival can be awaited.
add_customer() {
	new=new-$1
	mysql_q "INSERT INTO customers (id, name) VALUES ($1, '$new')"
}

fewest_runs() {
	local t n least=999999

	for t in ${SYNC_TABLES//,/ }; do
		n=$(grep -c "\"table\":\"$t\".*\"outcome\":\"ok\"" log)
		[ "$n" -ge "$least" ] || least=$n
	done
	echo "$least"
}

# back_mysql, back_mongodb: print the time, in ns, when the server answers.
back_mysql() {
	wait_until -t 120 answers_mysql
	date +%s%N
}

back_mongodb() {
	mongo_q until 120
	date +%s%N
}

# goes_on WHAT SINCE: a row that is new arrives; say how long after SINCE (ns).
goes_on() {
	add_customer "$((9000000 + RANDOM))"
	wait_until -t "${MILLRACE_WITHIN:-20}" arrived
	echo "# $1 away for $outage s: the first new row was there" \
	    "$((($(date +%s%N) - $2) / 1000000)) ms after it answered" >&3
}

# Everything that was changed meanwhile, and no try was used up.
all_is_well() {
	kill "$writer"
	wait "$writer" || true
	writer=
	n=$(fewest_runs)
	wait_until -t 60 everyone_ran $((n + 3))
	supervisor health >health || fail "$(cat health)"
	kill "$sup"
	wait "$sup"
	sup=
	expect_not_in log '"outcome":"gave up"'
	"$ROOT/tests/checker" ${SYNC_TABLES//,/ }
	! pgrep -f "$STATE_DIR/tables" || fail "left behind"
}

# away SERVER HOW: stop it, wait, and start it again.
away() {
	local name=$1 source=$1

	shift
	[ "$name" = mongodb ] || source=$MILLRACE_SOURCE
	n=$(times "\"$name doesn.t answer")
	servers stop --keep "$@" "$source"
	wait_until -t 30 more_than "$n" "\"$name doesn.t answer"
	sleep "$outage"
	servers start "$source" &
	since=$("back_$name")
	goes_on "$name" "$since"
	wait $!
}

long() { [ "$outage" -ge 30 ]; }

@test "both servers are stopped or killed, and come back" {
	[ -z "${MONGODB_TEST_URI-}" ] || skip "not ours to stop"
	start
	# A short run does half of it with each source.
	! long && [ "$MILLRACE_SOURCE" = mariadb ] || away mysql
	! long && [ "$MILLRACE_SOURCE" = mysql ] || away mysql --kill
	! long && [ "$MILLRACE_SOURCE" = mysql ] || away mongodb
	! long && [ "$MILLRACE_SOURCE" = mariadb ] || away mongodb --kill
	all_is_well
}

# hole OPTION...: nothing gets through to both servers, and nothing is said.
hole() {
	local mongodb=${MONGODB_URI#mongodb://}

	relay_start --hole "$PWD/hole" "$@" "${mongodb%%/*}"
	export RELAYED=mongodb://127.0.0.1:$relay_port/
	relay_start --hole "$PWD/hole" "$@" "$MYSQL_HOST:$MYSQL_PORT"
	MONGODB_URI=$RELAYED MYSQL_PORT=$relay_port start
	touch hole
	sleep "$outage"
	rm hole
	goes_on "the network" "$(date +%s%N)"
	all_is_well
}

@test "a network that swallows everything for a while" {
	hole
}

@test "a network that then has forgotten all connections" {
	# A check of the servers takes so long to fail.
	long || skip "MILLRACE_OUTAGE is less than 30"
	hole --forget
}
