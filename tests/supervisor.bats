# The service: pipelines of all tables, on time and through faults.
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	export STATE_DIR=$PWD/state SYNC_INTERVAL_MINUTES=60
	export HTTP_ADDRESS=unix:$PWD/api
	SUP=
}

teardown() {
	[ -z "$SUP" ] || kill -9 "$SUP" 2>/dev/null || true
	[ -z "${sink_pid-}" ] || kill "$sink_pid" 2>/dev/null || true
	! mountpoint -q small 2>/dev/null || umount -l small
	[ -z "${BATS_TEST_COMPLETED-}" ] && [ -e log ] && tail -n 40 log >&2 || true
}

TABLES="categories customers products inventory orders"
export SYNC_TABLES=${TABLES// /,}

shop() {
	mongo_q drop
	"$ROOT/scripts/sample-shop" fill --seed "$1" --rows "$2" >shop.out
}

# start [PROGRAM]: the service, in the background; its messages in ./log.
start() {
	"${1:-supervisor}" >>log 2>&1 </dev/null 3>&- &
	SUP=$!
}

# stop [SIGNAL]: and its exit status in $status.
stop() {
	kill -"${1:-TERM}" "$SUP"
	status=0
	wait "$SUP" || status=$?
	SUP=
}

said() { grep -qE -- "$1" log; }
times() { grep -cE -- "$1" log || true; }

# said_times REGEX N: at least N times.
said_times() { [ "$(times "$1")" -ge "$2" ]; }

run_ok() { said_times "\"table\":\"$1\".*\"outcome\":\"ok\"" "${2:-1}"; }

# How many records load took of a table, in all.
loaded() {
	sed -n "s/.*\"component\":\"load\",\"table\":\"$1\",\"operation\":\"load\".*\
\"records_processed\":\([0-9]*\).*/\1/p" log | awk '{ n += $1 } END { print n + 0 }'
}

# The process ids of a stage of a table: stage TABLE extract.
stage() {
	local p

	for p in $(pgrep -P "$SUP" -f "^[^ ]*$2 .*tables/$1/"); do
		echo "$p"
	done
}

is_stage() { [ -n "$(stage "$@")" ]; }
children() { pgrep -P "$SUP" || true; }
no_zombies() { ! ps -o stat= --ppid "$SUP" | grep -q Z; }

# has PID REGEX: a variable of its environment matches.
has() { tr '\0' '\n' <"/proc/$1/environ" | grep -qE -- "$2"; }
has_not() { ! has "$@" || fail "process $1 has $2"; }

# Nothing with this test's state directory in its arguments runs.
nothing_left() { ! pgrep -f "$STATE_DIR/tables" >left; }

everything_once() {
	for t in $TABLES; do
		run_ok "$t" || return
	done
}

# everything_runs N [COMMAND ...]: N more good runs of every table, from now
# on; the command makes them come.
everything_runs() {
	local t more=$1
	declare -A n

	shift
	for t in $TABLES; do
		n[$t]=$(times "\"table\":\"$t\".*\"outcome\":\"ok\"")
	done
	"$@" >/dev/null
	for t in $TABLES; do
		wait_until run_ok "$t" $((n[$t] + more))
	done
}

everything_again() { everything_runs 1 supervisor trigger; }

# orders_go_on SINCE RUNS: they do by themselves; say how long after SINCE (ns).
orders_go_on() {
	wait_until run_ok orders "$2"
	echo "# $(((($(date +%s%N) - $1)) / 1000000)) ms after the server" \
	    "came back" >&3
}

# bats test_tags=sources
@test "--once copies all tables, then what changed, and prints what it did" {
	shop 21 3000
	run_stage supervisor --once
	expect_status 0
	expect_lines out 6
	expect_match out "^orders +ok +$(mysql_q 'SELECT COUNT(*) FROM orders') "
	"$ROOT/tests/checker" $TABLES

	"$ROOT/scripts/sample-shop" mutate --seed 22 --rows 50 >/dev/null
	run_stage supervisor --once
	expect_status 0
	[ "$(awk 'NR > 1 { n += $3 } END { print n }' out)" -lt 200 ]
	"$ROOT/tests/checker" $TABLES
	expect_equal "$(stat -c %a state state/lock state/tables/orders/ack |
	    tr '\n' ' ')" "700 600 600 "
}

# bats test_tags=sources
@test "tables are discovered when none is named" {
	shop 23 200
	unset SYNC_TABLES
	mysql_q "CREATE TABLE no_key (a INT, updated_at TIMESTAMP)"
	run_stage supervisor --once
	mysql_q "DROP TABLE no_key"
	expect_status 0
	expect_lines out 6
	expect_match err 'no_key: has no key'
}

@test "bad settings are refused, each by name" {
	SYNC_INTERVAL_MINUTES=soon SYNC_ENABLED=perhaps MYSQL_MAX_POOL_SIZE=0 \
	    run_stage supervisor --check
	expect_status 100
	expect_in err MYSQL_MAX_POOL_SIZE
	SYNC_INTERVAL_MINUTES=soon SYNC_ENABLED=perhaps \
	    run_stage supervisor --check
	expect_status 100
	expect_in err '\"soon\"'
	expect_in err SYNC_ENABLED
	SYNC_ORDERS_CRON='61 * * * *' run_stage supervisor --check
	expect_status 100
	expect_in err 'orders: cron line \"61 * * * *\" bad minute'
	SYNC_TABLES=orders SYNC_ORDERS_PIPELINE='extract orders > f' \
	    run_stage supervisor --once
	expect_status 100
	expect_in err 'there is no shell'
	SYNC_TABLES=orders SYNC_ORDERS_PIPELINE='extract orders | nonesuch | load' \
	    run_stage supervisor --once
	expect_status 100
	expect_in err nonesuch
	SYNC_TABLES=orders SYNC_ORDERS_PIPELINE='extract orders | transform' \
	    run_stage supervisor --once
	expect_status 100
	expect_in err 'has to end in load'
}

@test "a second one on the same state refuses and names the first" {
	shop 24 200
	start
	wait_until everything_once
	run_stage supervisor --once
	expect_status 100
	expect_in err "process $SUP on $(hostname)"

	# The lock outlives a supervisor by its stages, and no longer.
	kill -9 "$SUP"
	wait "$SUP" || true
	SUP=
	run_stage supervisor --once
	expect_status 0
	wait_until nothing_left
}

@test "each stage gets its own values only" {
	shop 25 100
	HTTP_TOKEN="ops steer sesame-open-yourself" start
	wait_until everything_once
	table=$(ls -d state/tables/*/ | head -1)
	for t in $TABLES; do
		e=$(stage "$t" extract)
		[ -z "$e" ] || break
	done
	[ -n "$e" ]
	x=$(stage "$t" transform)
	l=$(stage "$t" load)
	has "$e" '^MYSQL_HOST='
	has_not "$e" '^MONGODB_'
	has_not "$x" '^(MYSQL|MONGODB|HTTP)_'
	has "$l" '^MONGODB_DATABASE='
	test ! -e "/dev/shm/mongoc-$l"
	has_not "$l" '^(MYSQL|HTTP)_'
	for p in "$e" "$x" "$SUP"; do
		has_not "$p" "$MONGODB_URI|sesame"
	done
	expect_not_in <(tr '\0' ' ' <"/proc/$l/cmdline") "$MONGODB_URI"
	stop
	expect_status 0
}

@test "the first run at the start, the next ones on time, without overlap" {
	shop 26 300
	SYNC_INTERVAL_MINUTES=0.02 start
	wait_until run_ok orders 4
	"$ROOT/scripts/sample-shop" mutate --seed 27 --rows 30 >/dev/null
	n=$(times '"table":"orders".*"outcome":"ok"')
	wait_until run_ok orders $((n + 3))
	stop
	expect_status 0
	"$ROOT/tests/checker" $TABLES
	for t in $TABLES; do
		grep "\"component\":\"supervisor\",\"table\":\"$t\".*\"operation\":\"run\"" log |
		    grep -o 'run begins\|run ok' |
		    awk 'NR % 2 != ($2 == "begins") { exit 1 }' ||
			fail "$t overlaps"
	done
	wait_until nothing_left
}

# bats test_tags=sources
@test "a stage that is killed is started again, and nothing is lost" {
	shop 28 3000
	export SYNC_ORDERS_PIPELINE="extract --page-size 100 orders |
	    $SUPPORT/stage-crash 400 crashed | transform | load"
	SYNC_ORDERS_PIPELINE=${SYNC_ORDERS_PIPELINE//$'\n'/ }
	start
	wait_until everything_once
	expect_match log 'orders: stage-crash: killed by signal 9'
	expect_equal "$(times 'outcome":"retry"')" 1
	expect_not_in log '"outcome":"gave up"'
	stop
	"$ROOT/tests/checker" $TABLES
}

# The one of some table, as soon as there is one.
kill_transform() {
	local t

	while :; do
		for t in $TABLES; do
			! kill -9 $(stage "$t" transform) 2>/dev/null || return 0
		done
	done
}

@test "a stage that ends while the one before it waits is noticed" {
	shop 39 200
	SYNC_INTERVAL_MINUTES=0.02 start
	wait_until everything_once
	for i in 1 2 3; do
		everything_runs 1 kill_transform
	done
	expect_match log 'transform: killed by signal 9'
	stop
	expect_status 0
	wait_until nothing_left
}

@test "what hangs or doesn't read is found, and its deadline kept" {
	shop 29 200
	# Long enough for the others to start in on a busy machine.
	export SYNC_STALL_SECONDS=3 SYNC_RETRY_DELAY=1 SYNC_STOP_SECONDS=1
	SYNC_ORDERS_PIPELINE="extract orders | $SUPPORT/stage-hang hung | transform | load" \
	SYNC_PRODUCTS_PIPELINE="extract products | $SUPPORT/stage-deaf deaf | transform | load" \
	    start
	wait_until everything_once
	for t in orders products; do
		expect_match log "\"table\":\"$t\".*\"operation\":\"stall\""
	done
	stop
	expect_status 0
	"$ROOT/tests/checker" $TABLES

	# A hanging one is killed when its time to end is over.
	rm -f hung log
	SYNC_TABLES=orders SYNC_STALL_SECONDS=0 \
	    SYNC_ORDERS_PIPELINE="extract orders | $SUPPORT/stage-hang hung | transform | load" \
	    start
	wait_until test -e hung
	stop
	expect_status 0
	expect_match log 'orders: killed'
	wait_until nothing_left
}

@test "a table that keeps failing is left alone while the others go on" {
	shop 30 200
	export SYNC_RETRY_DELAY=1 SYNC_MAX_RETRIES=2
	SYNC_ORDERS_PIPELINE="extract orders | $SUPPORT/stage-nostate | transform | load" \
	    start
	wait_until said '"table":"orders".*"outcome":"gave up"'
	expect_equal "$(times '"table":"orders".*"outcome":"retry"')" 2
	wait_until run_ok products
	stop
	expect_status 0
	expect_not_in state/tables/orders/checkpoint value=
	SYNC_ORDERS_PIPELINE="extract orders | $SUPPORT/stage-nostate | transform | load" \
	    run_stage supervisor --once
	expect_status 111
	expect_match out '^orders +gave up'
	expect_match out '^products +ok'
}

@test "a bad schema blocks its table only, and mending the file is enough" {
	shop 31 200
	cp -r "$ROOT/schemas" schemas
	export SYNC_SCHEMAS=$PWD/schemas
	echo '{"x-source":{"table":"orders"},"typ":' >schemas/orders.json
	start
	wait_until said '"table":"orders".*"outcome":"refused"'
	for t in categories customers products inventory; do
		wait_until run_ok $t
	done
	cp "$ROOT/schemas/orders.json" schemas/orders.json.new
	mv schemas/orders.json.new schemas/orders.json
	wait_until run_ok orders
	stop
	"$ROOT/tests/checker" $TABLES
}

@test "a program is replaced while the table is copied: nothing lost, nothing twice" {
	shop 32 8000
	mkdir bin
	cp "$ROOT"/bin/{supervisor,extract,transform,load} bin
	export SYNC_SCHEMAS=$ROOT/schemas
	SYNC_ORDERS_PIPELINE="extract --page-size 10 orders |
	    $SUPPORT/stage-slow 5 go | transform | load"
	SYNC_ORDERS_PIPELINE=${SYNC_ORDERS_PIPELINE//$'\n'/ } \
	SYNC_TABLES=orders,products \
	SYNC_PRODUCTS_PIPELINE="extract products | $ROOT/bin/transform | load" \
	    start bin/supervisor
	wait_until said '"table":"orders".*run begins'
	for i in 1 2 3; do
		n=$(times 'table":"orders".*run begins')
		cp "$ROOT/bin/transform" bin/transform.new
		mv bin/transform.new bin/transform
		wait_until said_times 'orders: .*/transform has changed' "$i"
		wait_until said_times 'table":"orders".*run begins' $((n + 1))
	done
	: >go
	wait_until run_ok orders
	wait_until run_ok products
	stop
	expect_status 0
	expect_equal "$(loaded orders)" "$(mysql_q 'SELECT COUNT(*) FROM orders')"
	expect_equal "$(times '"table":"products".*run begins')" 1
	"$ROOT/tests/checker" orders products
}

@test "a filter of one's own takes part, and is replaced when its script changes" {
	shop 48 300
	cat >filter.awk <<-'X'
	/"type":"RECORD"/ && /"status":"paid"/ { next }
	{ print; fflush() }
	X
	export SYNC_TABLES=orders SYNC_INTERVAL_MINUTES=0.02
	SYNC_ORDERS_PIPELINE='extract orders | awk -f filter.awk | tee -a seen | transform --allow-dropped | load' \
	    start
	wait_until run_ok orders 3
	expect_equal "$(mongo_q count orders '{}')" \
	    "$(mysql_q "SELECT COUNT(*) FROM orders WHERE status <> 'paid'")"
	expect_not_in log 'has changed'
	echo '{ print }' >filter.new
	mv filter.new filter.awk
	n=$(times '"table":"orders".*"outcome":"ok"')
	wait_until run_ok orders $((n + 2))
	mysql_q "UPDATE orders SET status = 'paid', updated_at = NOW(6) LIMIT 5"
	wait_until -t 20 has_paid
	stop
	expect_status 0
}
has_paid() { [ "$(mongo_q count orders '{"status":"paid"}')" -ge 5 ]; }

@test "few places: all tables have their turn, and never too many at once" {
	shop 33 500
	MYSQL_MAX_POOL_SIZE=1 SYNC_INTERVAL_MINUTES=0.02 start
	wait_until everything_once
	for t in $TABLES; do
		wait_until run_ok $t 2
	done
	stop
	expect_status 0
	grep '"operation":"run"' log | grep -o 'run begins\|run ok' |
	    awk '{ n += $2 == "begins" ? 1 : -1 } n > 1 { exit 1 }'
	"$ROOT/tests/checker" $TABLES
}

@test "a server that is away is waited for, and work goes on by itself" {
	shop 34 500
	relay_start "$MYSQL_HOST:$MYSQL_PORT"
	port=$relay_port
	relay_stop
	MYSQL_PORT=$port SYNC_MAX_RETRIES=0 start
	wait_until said 'mysql doesn.t answer'
	sleep 2
	expect_not_in log '"outcome":"gave up"'
	rm -f relay.port
	relay_start --port "$port" "$MYSQL_HOST:$MYSQL_PORT"
	wait_until everything_once

	# And away again in the middle of the service's life.
	relay_stop
	"$ROOT/scripts/sample-shop" mutate --seed 35 --rows 30 >/dev/null
	supervisor trigger >/dev/null
	wait_until said_times 'mysql doesn.t answer' 2
	n=$(times '"table":"orders".*"outcome":"ok"')
	relay_start --port "$port" "$MYSQL_HOST:$MYSQL_PORT"
	orders_go_on "$(date +%s%N)" $((n + 1))
	everything_again
	stop
	relay_stop
	expect_status 0
	"$ROOT/tests/checker" $TABLES
}

# bats test_tags=sources
@test "a new password needs no restart and loses no row" {
	shop 42 300
	mysql_q "CREATE USER u_$$@'%' IDENTIFIED BY 'first-sesame';
	    GRANT ALL ON *.* TO u_$$@'%'"
	echo first-sesame >password
	chmod 600 password
	(
	unset MYSQL_PASSWORD
	export MYSQL_USER=u_$$ MYSQL_PASSWORD_FILE=$PWD/password
	SYNC_INTERVAL_MINUTES=0.02 start
	echo "$SUP" >pid
	)
	SUP=$(cat pid)
	wait_until everything_once
	mysql_q "ALTER USER u_$$@'%' IDENTIFIED BY 'other-sesame'"
	"$ROOT/scripts/sample-shop" mutate --seed 43 --rows 30 >/dev/null
	wait_until said '"outcome":"refused"'
	echo other-sesame >password.new
	chmod 600 password.new
	mv password.new password
	everything_runs 2
	kill "$SUP"
	wait_gone "$SUP"
	SUP=
	mysql_q "DROP USER u_$$@'%'"
	expect_not_in log sesame
	"$ROOT/tests/checker" $TABLES
}

@test "what people steer takes effect at once and survives a restart" {
	shop 44 300
	start
	wait_until everything_once
	supervisor pause orders >/dev/null
	supervisor interval 0.02 >/dev/null
	wait_until run_ok products 3
	stop
	expect_equal "$(times '"table":"orders".*"outcome":"ok"')" 1
	rm log
	start
	wait_until run_ok products 3
	expect_not_in log '"table":"orders","run"'
	supervisor resume orders >/dev/null
	wait_until run_ok orders 2

	# The setting is changed later than the interval was: it holds.
	stop
	rm log
	SYNC_INTERVAL_MINUTES=50 start
	wait_until everything_once
	sleep 2
	expect_equal "$(times '"table":"orders".*"outcome":"ok"')" 1
	stop
	expect_status 0
}

@test "a stage is replaced by hand, and how long that takes" {
	shop 45 8000
	export SYNC_TABLES=orders
	SYNC_ORDERS_PIPELINE="extract --page-size 10 orders | $SUPPORT/stage-slow 5 go | transform | load" \
	    start
	best=9999
	for i in 2 3 4; do
		wait_until is_stage orders transform
		x=$(stage orders transform)
		from=$(date +%s%N)
		supervisor restart orders transform >/dev/null
		wait_until said_times 'run begins' $i
		took=$((($(date +%s%N) - from) / 1000000))
		[ "$took" -ge "$best" ] || best=$took
		wait_gone "$x"
	done
	echo "# the quickest took $best ms" >&3
	: >go
	wait_until run_ok orders
	stop
	expect_equal "$(loaded orders)" "$(mysql_q 'SELECT COUNT(*) FROM orders')"
	"$ROOT/tests/checker" orders
}

@test "without room on the disk no run begins" {
	shop 46 100
	echo STATE_DISK_MIN_MB=1000000 >.env
	start
	wait_until said 'less than STATE_DISK_MIN_MB'
	wait_until said 'mongodb answers'
	sleep 1
	expect_not_in log '"operation":"run"'
	echo STATE_DISK_MIN_MB=1 >.env
	kill -HUP "$SUP"
	wait_until everything_once
	stop
	expect_status 0

	# A full one: the table stops at the last position that is on disk.
	mkdir small
	mount -t tmpfs -o mode=700,size=300k tmpfs small 2>/dev/null || skip "no mount"
	STATE_DIR=$PWD/small SYNC_TABLES=orders STATE_DISK_MIN_MB=0 \
	    SYNC_INTERVAL_MINUTES=0.02 start
	wait_until run_ok orders 2
	dd if=/dev/zero of=small/full bs=1k count=300 2>/dev/null || true
	"$ROOT/scripts/sample-shop" mutate --seed 47 --rows 30 >/dev/null
	wait_until said 'checkpoint can.t be written'
	wait_until said '"table":"orders".*"outcome":"refused"'
	n=$(times '"table":"orders".*"outcome":"ok"')
	rm small/full
	wait_until run_ok orders $((n + 1))
	stop
	expect_status 0
	"$ROOT/tests/checker" orders
	umount small
}

@test "SIGHUP reads the settings again" {
	shop 36 200
	printf 'SYNC_TABLES=orders,products\nSYNC_INTERVAL_MINUTES=60\n' >.env
	unset SYNC_INTERVAL_MINUTES SYNC_TABLES
	start
	wait_until run_ok orders
	wait_until run_ok products
	printf 'SYNC_TABLES=orders,customers\nSYNC_INTERVAL_MINUTES=0.02\n' >.env
	kill -HUP "$SUP"
	wait_until run_ok customers
	wait_until run_ok orders 3
	expect_match log 'products: no longer in SYNC_TABLES'
	printf 'SYNC_TABLES=orders\nSYNC_INTERVAL_MINUTES=never\n' >.env
	kill -HUP "$SUP"
	wait_until said 'as they were read before still hold'
	n=$(times '"table":"orders".*"outcome":"ok"')
	wait_until run_ok orders $((n + 1))
	stop
	expect_status 0
}

@test "a damaged checkpoint blocks its table, and never means from the start" {
	shop 37 200
	run_stage supervisor --once
	expect_status 0
	sed -i s/epoch=1/epoch=2/ state/tables/orders/checkpoint
	rm state/tables/products/checkpoint
	run_stage supervisor --once
	expect_status 100
	expect_in err 'orders: the checkpoint is damaged'
	expect_in err 'products: the checkpoint is gone'
	expect_match out '^orders +refused +0 '
	expect_match out '^products +refused +0 '
	expect_match out '^customers +ok '
	for t in orders products; do
		mv state/tables/$t/checkpoint.prev state/tables/$t/checkpoint
	done
	run_stage supervisor --once
	expect_status 0
}

# How many descriptors the service has when all is at rest.
fds_at_rest() {
	supervisor pause >/dev/null
	wait_until all_paused
	fds=$(ls "/proc/$SUP/fd" | wc -l)
	supervisor resume >/dev/null
}

all_paused() {
	[ "$(supervisor tables | grep -c ' paused ')" -eq "${1:-5}" ]
}

# The service is dead: what its positions say is safe has to be in MongoDB.
not_ahead() {
	wait_until nothing_left
	"$ROOT/tests/checker" --below "$STATE_DIR" $TABLES >below ||
	    fail "a position is ahead: $(cat below)"
	checked=$((checked + $(awk '{ n += $2 } END { print n }' below)))
}

# MILLRACE_KILLS is how many; MILLRACE_SEED says which.
# bats test_tags=sources
@test "random kill -9 of any process, the service included, during changes" {
	shop 38 2000
	kills=${MILLRACE_KILLS:-60}
	RANDOM=${MILLRACE_SEED:-38}
	ends=0 checked=0
	export SYNC_INTERVAL_MINUTES=0.02
	start
	wait_until everything_once
	fds_at_rest
	before=$fds
	for ((i = 0; i < kills; i++)); do
		"$ROOT/scripts/sample-shop" mutate --seed $((1000 + i)) \
		    --rows 20 >/dev/null 3>&- &
		mutate=$!
		sleep 0.$((RANDOM % 40 + 10))
		pids=($(children) "$SUP")
		p=${pids[$((RANDOM % ${#pids[@]}))]}
		kill -9 "$p" 2>/dev/null || true
		wait "$mutate"
		if [ "$p" = "$SUP" ]; then
			wait "$SUP" || true
			ends=$((ends + 1))
			not_ahead
			start
		fi
	done
	# A run under way may have begun before the last change.
	everything_runs 2 supervisor trigger
	fds_at_rest
	expect_equal "$fds descriptors" "$before descriptors"
	wait_until no_zombies
	stop
	expect_status 0
	wait_until nothing_left
	"$ROOT/tests/checker" $TABLES
	expect_not_in log 'is damaged'
	echo "# $kills kills, $ends of the service; $checked rows below its" \
	    "positions were there" >&3
	[ "$checked" -gt 0 ]
}

# progress FIELD: of the run of orders that is made.
progress() { supervisor status --json orders | jq -c "$1"; }
is_due() { [ "$(progress '.progress.rows_due')" -ge 100 ]; }

@test "a run's progress, the next one, and what isn't promised are known" {
	shop 74 800
	export SYNC_TABLES=orders SYNC_INTERVAL_MINUTES=60
	start
	wait_until run_ok orders
	expect_equal "$(progress .progress)" null
	# The next run stands still at load, half-way.
	p=$(stage orders load)
	kill -STOP "$p"
	n=$(mysql_q "UPDATE orders SET updated_at = NOW(6) WHERE id <= 400;
	    SELECT COUNT(*) FROM orders WHERE id <= 400")
	supervisor trigger orders >/dev/null
	wait_until is_due
	expect_equal "$(progress .state)" '"running"'
	progress '[.progress.rows_due, .progress.percent]' >guessed
	jq -e ".[0] >= $n / 2 and .[0] <= $n * 2 and .[1] <= 100" guessed \
	    >/dev/null || fail "$n are due, guessed $(cat guessed)"
	# Also while it runs the next one is known, and moves at once.
	before=$(progress .next_sync)
	[ "$before" != null ]
	supervisor interval 30 orders >/dev/null
	expect_equal "$(jq -n "$before, $(progress .next_sync) |
	    sub(\"[.][0-9]+Z\"; \"Z\") | fromdate" | paste -sd' ' |
	    awk '{ print ($1 - $2 >= 1799 && $1 - $2 <= 1801) }')" 1
	kill -CONT "$p"
	wait_until run_ok orders 2
	expect_equal "$(progress .progress)" null

	supervisor health --json >out
	expect_equal "$(jq -c '.guarantee | [.level,
	    (.reasons[] | [.code] + .tables)]' out)" \
	    '["best-effort",["change_column","orders"],["not_verified","orders"]]'
	supervisor health >out
	expect_match out '^guarantee.change_column +changes are found .* \(orders\)$'
	stop

	# A program of one's own is one reason more.
	rm -r state
	SYNC_ORDERS_PIPELINE='extract orders | cat | transform | load' start
	wait_until said_times '"outcome":"ok"' 3
	supervisor health --json >out
	expect_equal "$(jq -c '.guarantee.reasons[] |
	    select(.code == "filter_program").text' out)" \
	    '"the program cat is in the pipeline: what it changes or leaves out isn'"'"'t checked"'
	stop
}

@test "LOG_LEVEL=warn says little, and counts all the same" {
	shop 75 50
	export SYNC_TABLES=products LOG_LEVEL=warn
	start
	counted() { [ "$(supervisor status --json products |
	    jq .totals.written)" = 10 ]; }
	wait_until counted
	expect_not_in log '"level":"info"'
	stop
}

@test "a pipeline with --insecure: its server is asked in the same way" {
	[ -n "${MILLRACE_MONGODB_TLS_URI-}" ] || skip "no TLS on this server"
	shop 76 50
	export SYNC_TABLES=products
	MONGODB_URI="${MILLRACE_MONGODB_TLS_URI/&tlsCAFile=*/}&tlsAllowInvalidCertificates=true"
	export MONGODB_URI
	SYNC_PRODUCTS_PIPELINE='extract products | transform | load --insecure' \
	    start
	wait_until run_ok products
	wait_until said '"ready"'
	expect_not_in log 'mongodb refuses'
	supervisor health --json >out
	expect_equal "$(jq -r .mongodb_connection out)" connected
	expect_equal "$(jq -c '.guarantee.reasons[] |
	    select(.code == "insecure").tables' out)" '["products"]'
	stop
	expect_match state/audit.jsonl '"action":"insecure"'
	# Without it nothing is loosened.
	start
	wait_until said 'mongodb refuses: .*tlsAllowInvalidCertificates=true'
	stop
}

# --- The collections and MongoDB's storage ------------------------------------

# sink LINE ...: in place of MongoDB, a server that says this; see mongosink.c.
sink() {
	printf '%s\n' "$@" >sink.script
	rm -f sink.port
	"$ROOT/build/support/mongosink" --port-file sink.port \
	    --script sink.script $SINK_OPTIONS >sink.out 2>&1 3>&- &
	sink_pid=$!
	wait_until test -s sink.port
	export MONGODB_URI=mongodb://127.0.0.1:$(cat sink.port)/
}

@test "a collection that is a view blocks its table alone, before it runs" {
	shop 71 50
	mkdir schemas
	sed 's/"collection": "orders"/"collection": "shown"/' \
	    "$ROOT/schemas/orders.json" >schemas/orders.json
	cp "$ROOT/schemas/products.json" schemas
	export SYNC_TABLES=orders,products SYNC_SCHEMAS=$PWD/schemas
	# Of the five questions of a start it is the one about "shown".
	SINK_OPTIONS= sink 'listCollections 1 answer {"cursor":{"id":0,"ns":"x","firstBatch":[{"name":"shown","type":"view"}]}}'
	start
	wait_until run_ok products
	wait_until said '"ready"'
	expect_match log '"level":"error".*"table":"orders","operation":"check".*shown: it is a view; remedy: '
	supervisor status --json orders >out
	expect_equal "$(jq -r .state out)" blocked
	expect_match log '2 collections looked at; not all can be loaded into'
	expect_match out '"last_error":"collection: .*it is a view; remedy: '
	expect_match log '"alert":"failed","state":"raised","table":"orders"'
	expect_equal "$(times '"table":"orders".*run begins')" 0

	# A person who knows better has it tried; the answer is another one now.
	supervisor trigger orders
	wait_until run_ok orders
	stop
	expect_equal "$status" 0
	kill "$sink_pid"
}

@test "a table with a pipeline of its own, and a load that knows no check" {
	shop 72 50
	mkdir own
	cat >own/load <<-'E'
	#!/bin/sh
	case " $* " in *" --json "*) echo "load: what is --json?" >&2; exit 100;; esac
	exec "$REAL_LOAD" "$@"
	E
	chmod +x own/load
	cp "$ROOT/bin/supervisor" own
	ln -s "$ROOT/bin/extract" "$ROOT/bin/transform" own
	REAL_LOAD=$ROOT/bin/load SYNC_TABLES=orders,products \
	    SYNC_ORDERS_PIPELINE='extract orders | transform | load' \
	    run_stage own/supervisor --once
	expect_status 0
	expect_match err 'orders: has a pipeline of its own'
}

@test "MongoDB's storage is watched where it tells" {
	shop 73 50
	export SYNC_TABLES=products SYNC_HEALTH_SECONDS=1 \
	    MONGODB_DISK_MIN_MB=1024 ALERT_HOLD_SECONDS=0
	# The fourth answer has room again; FerretDB tells nothing.
	SINK_OPTIONS= sink 'dbStats * answer {"fsUsedSize":50e9,"fsTotalSize":1e11}' \
	    'dbStats 1 answer {"fsUsedSize":99e9,"fsTotalSize":1e11}' \
	    'dbStats 2 answer {"fsUsedSize":99e9,"fsTotalSize":1e11}' \
	    'dbStats 3 answer {"fsUsedSize":99e9,"fsTotalSize":1e11}'
	start
	wait_until said '"alert":"storage_low","state":"raised"'
	expect_match log '953 MB free, less than MONGODB_DISK_MIN_MB'
	wait_until said '"alert":"storage_low","state":"cleared"'
	supervisor health --json >out
	expect_equal "$(jq -c .mongodb_storage out)" \
	    '{"free_bytes":50000000000,"total_bytes":100000000000,"low":false}'
	curl -sS --unix-socket api http://localhost/metrics >out
	expect_in out 'millrace_mongodb_storage_free_bytes 50000000000'
	stop
	kill "$sink_pid"
}
