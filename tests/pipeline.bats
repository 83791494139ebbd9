# The three stages together, from a real source to a real target.
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

TABLES="categories customers products inventory orders"

# sync TABLE: one round by hand, with the position in TABLE.state.
sync() {
	run_pipe "extract --state $1.state $1 | transform |
	    load --ack $1.state"
	expect_status 0
}

# How many records load took in the last round.
written() {
	sed -n 's/.*"component":"load".*"records_processed":\([0-9]*\).*/\1/p' \
	    err | tail -n 1
}

@test "200,000 rows of five tables arrive as they are, then the changed ones" {
	# Fewer from the second source: the comparison takes a minute.
	rows=200000
	[ "$MILLRACE_SOURCE" = mysql ] || rows=20000
	"$ROOT/scripts/sample-shop" fill --seed 7 --rows "$rows"
	for t in $TABLES; do
		sync "$t"
		expect_equal "$(written)" "$(mysql_q "SELECT COUNT(*) FROM $t")"
	done

	"$ROOT/scripts/sample-shop" mutate --seed 8 --rows 1000 >mutated
	before=$(mysql_q "SELECT SUM(c) FROM (
	    $(printf 'SELECT COUNT(*) c FROM %s UNION ALL ' $TABLES)
	    SELECT 0) x")
	moved=0
	for t in $TABLES; do
		sync "$t"
		moved=$((moved + $(written)))
	done
	[ "$moved" -ge 500 ] && [ "$moved" -le 2000 ] ||
		fail "$moved rows of $before moved; $(cat mutated)"
	"$ROOT/tests/checker" $TABLES

	# Nothing changed, nothing moves.
	for t in $TABLES; do
		sync "$t"
		expect_equal "$(written)" 0
	done
}

@test "from files as through the pipe" {
	mongo_q drop
	"$ROOT/scripts/sample-shop" fill --seed 9 --rows 2000
	for t in $TABLES; do
		sync "$t"
	done
	for t in $TABLES; do
		mongo_q find "$t" | sed 's/"_sync":{.*//' >"$t.piped"
	done
	mongo_q drop
	for t in $TABLES; do
		run_stage extract "$t"
		expect_status 0
		mv out a
		run_stage transform <a
		expect_status 0
		mv out b
		run_stage "$ROOT/bin/load" <b
		expect_status 0
		expect_lines out 1
	done
	for t in $TABLES; do
		mongo_q find "$t" | sed 's/"_sync":{.*//' >"$t.filed"
		expect_same "$t.filed" "$t.piped"
	done
	"$ROOT/tests/checker" $TABLES
}

# start_pipe TABLE: the pipeline with the pids of its stages in $pids. (`load`
# alone is a function of bats.)
start_pipe() {
	[ -p a ] || mkfifo a b
	extract --page-size 500 --state "$1.state" "$1" >a 2>err.extract 3>&- &
	pids=($!)
	transform <a >b 2>err.transform 3>&- &
	pids+=($!)
	SYNC_BATCH_SIZE=200 "$ROOT/bin/load" --ack "$1.state" <b 2>err.load \
	    3>&- &
	pids+=($!)
}

# wait_pipe: until all stages have ended; true if all ended well.
wait_pipe() {
	local pid good=0

	for pid in "${pids[@]}"; do
		wait "$pid" || good=1
	done
	return "$good"
}

@test "each stage killed 20 times, then the same command again: equal" {
	"$ROOT/scripts/sample-shop" fill --seed 10 --rows 30000
	RANDOM=${SEED:=11}
	echo "seed $SEED"
	kills=0 ends=0
	while [ "$kills" -lt 60 ]; do
		start_pipe orders
		# The moment is what is drawn, so a sleep is meant here.
		sleep "0.$(printf %03d $((RANDOM % 400)))"
		kill -9 "${pids[kills % 3]}" 2>/dev/null && died=1 || died=0
		if wait_pipe; then
			ends=$((ends + 1))
			rm orders.state
		elif [ "$died" -eq 1 ]; then
			kills=$((kills + 1))
		else
			fail "a stage failed by itself" "$(cat err.*)"
		fi
		[ "$ends" -lt 100 ] || fail "the table is too small to kill"
	done
	sync orders
	"$ROOT/tests/checker" orders
	expect_equal "$(mongo_q count orders)" \
	    "$(mysql_q 'SELECT COUNT(*) FROM orders')"
	echo "$kills kills, $ends runs that were faster"
}

@test "memory doesn't grow from 10,000 to 1,000,000 rows" {
	mysql_q "CREATE TABLE d (n INT);
	    INSERT INTO d VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
	    CREATE TABLE big (id INT PRIMARY KEY, name VARCHAR(60),
		price DECIMAL(12,2), updated_at TIMESTAMP(6) NOT NULL,
		KEY (updated_at, id));
	    INSERT INTO big SELECT a.n + 10*b.n + 100*c.n + 1000*d.n +
		10000*e.n + 100000*f.n AS i, REPEAT('x', 60), 12.34,
		'2026-01-01' FROM d a, d b, d c, d d, d e, d f"
	"$ROOT/build/support/mongosink" --port-file sink.port 3>&- &
	sink=$!
	wait_until test -s sink.port
	for where in "id < 10000" "1 = 1"; do
		MONGODB_URI=mongodb://127.0.0.1:$(cat sink.port)/ run_pipe "
		    '$SUPPORT/peak' m1 extract --full --where '$where' big |
		    '$SUPPORT/peak' m2 transform |
		    '$SUPPORT/peak' m3 load >/dev/null"
		expect_status 0
		echo "$where: $(cat m1 m2 m3 | tr '\n' ' ')"
		[ "$where" = "1 = 1" ] || for i in 1 2 3; do mv m$i s$i; done
	done
	kill "$sink"
	for i in 1 2 3; do
		# Extract holds back up to 4 MiB for a slow reader.
		[ "$(cat m$i)" -le $(($(cat s$i) + 5120)) ] ||
			fail "stage $i: $(cat s$i) KiB, then $(cat m$i) KiB"
	done
}

# The SQL is that of extract's golden folder; UPDATE=1 writes the documents.
@test "every column type, with its extremes, as documents" {
	use_database "${MYSQL_DATABASE}_types"
	sql=$ROOT/tests/golden/extract/types
	golden=$ROOT/tests/golden/pipeline/types
	mysql_q "$(cat "$sql/in.sql" "$sql/in.$MILLRACE_SOURCE.sql")"
	for t in $(mysql_q 'SHOW TABLES'); do
		# A year 0 is a date, but Python knows none; and an empty name
		# in JSON is for the reject file.
		run_pipe "extract --full --where 'id <> 5' $t |
		    transform --no-schemas |
		    load --micros --rejects rejects.$t >/dev/null"
		expect_status 0
		echo "# $t"
		mongo_q find "$t" | sed 's/,"_sync":{.*//'
		[ ! -s "rejects.$t" ] || sed -n 's/.*"rule":"\([a-z]*\)".*"record":{"id":\([0-9]*\).*/# rejected: \2, \1/p' \
		    "rejects.$t"
	done >docs
	[ -z "${UPDATE-}" ] || cp docs "$golden/docs.$MILLRACE_SOURCE"
	expect_same docs "$golden/docs.$MILLRACE_SOURCE"
	release_servers
}
