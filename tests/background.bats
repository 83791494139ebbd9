# The service verifies by itself: what differs leaves, and what is promised
# follows from it.
# sources: mysql mariadb

load support/helpers

LOAD=$ROOT/bin/load	# `load` is a word of bats

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	export STATE_DIR=$PWD/state HTTP_ADDRESS=unix:$PWD/api
	export SYNC_TABLES=things SYNC_INTERVAL_MINUTES=0.02
	export SYNC_VERIFY=1440 SYNC_VERIFY_WAIT=0 ALERT_HOLD_SECONDS=0
	SUP=
}

teardown() {
	[ -z "$SUP" ] || kill -9 "$SUP" 2>/dev/null || true
	[ -z "${BATS_TEST_COMPLETED-}" ] && [ -e log ] && tail -n 40 log >&2 || true
}

# make_things N: a table of N rows, and nothing in MongoDB.
make_things() {
	mysql_q "DROP TABLE IF EXISTS things;
	    CREATE TABLE things (id INT PRIMARY KEY, name VARCHAR(20),
		updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
		    ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at));
	    INSERT INTO things (id, name) WITH RECURSIVE n (i) AS (SELECT 0
		UNION ALL SELECT i + 1 FROM n WHERE i < 49)
		SELECT a.i * 50 + b.i + 1, CONCAT('thing ', a.i * 50 + b.i + 1)
		FROM n a, n b WHERE a.i * 50 + b.i < $1"
	mongo_q drop
}

runs() { grep -c '"outcome":"ok".*run ok' log || true; }
ran() { [ "$(runs)" -ge "$1" ]; }

start() {
	local n
	touch log
	n=$(runs)
	"${1:-supervisor}" >>log 2>&1 </dev/null 3>&- &
	SUP=$!
	wait_until ran $((n + 1))
}

stop() {
	kill "$SUP"
	wait "$SUP"
	SUP=
}

said() { grep -qE -- "$1" log; }

# things JQ: of the table's state; verified JQ: of its verification.
things() { supervisor status --json things | jq -r "$1"; }
verified() { things ".verify$1"; }
level() { things '.guarantee.level' | sed 's/:.*//'; }
code() { supervisor health --json | jq -r '.guarantee.reasons[].code' | grep -qx "$1"; }
is() { [ "$($1 "$2")" = "$3" ]; }
level_is() { [ "$(level)" = "$1" ]; }
cycles() { grep -c '"operation":"verify","outcome":"ok"' log || true; }
cycles_are() { [ "$(cycles)" -ge "$1" ]; }
begun() { grep -c 'verification begins' log || true; }
begun_are() { [ "$(begun)" -ge "$1" ]; }

# verify: a cycle now, until it is complete.
verify() {
	local n
	n=$(cycles)
	supervisor verify things
	wait_until cycles_are $((n + 1))
}

metric() {
	curl -sS --unix-socket api http://localhost/metrics |
	    sed -n "s/^millrace_$1{table=\"things\"} //p"
}

# looking: a process of the look that is under way, as pgrep finds it.
looking() { pgrep -P "$SUP" -f "^[^ ]*$1 .*things/verify"; }

# breakable: a load that compares nothing while there is a file ./broken.
breakable() {
	mkdir own
	cat >own/load <<-'E'
	#!/bin/sh
	case " $* " in *" --verify "*) [ ! -e broken ] || exit 100;; esac
	exec "$REAL_LOAD" "$@"
	E
	chmod +x own/load
	cp "$ROOT/bin/supervisor" own
	ln -s "$ROOT/bin/extract" "$ROOT/bin/transform" own
	export REAL_LOAD=$LOAD
}

# slow: looks take a while: 10 documents a second.
slow() { export SYNC_VERIFY_RATE=${1:-10}; }

# bats test_tags=sources
@test "deleted rows leave MongoDB, a stale document is mended; both are counted" {
	make_things 300
	start
	position=$(things .position)
	mysql_q "DELETE FROM things WHERE id IN (3, 5, 7)"
	mongo_q update things '{"_id":{"$numberInt":"9"}}' \
	    '{"$set":{"name":"stale"}}'
	mongo_q delete things '{"_id":{"$numberInt":"11"}}'
	mongo_q insert things '{"_id":{"$numberInt":"5000"},"name":"not ours"}'
	verify
	expect_equal "$(mongo_q count things)" 298
	expect_equal "$(mongo_q find things '{"_id":{"$numberInt":"9"}}' |
	    jq -r .name)" "thing 9"
	expect_equal "$(things '.verify.last | [.rows_compared, .missing,
	    .different, .extra, .mended, .left, .foreign] | @csv')" \
	    297,1,1,4,5,0,1
	expect_equal "$(metric stale_repaired_total)" 5
	expect_equal "$(metric verify_differences)" 0
	expect_equal "$(metric mismatch_age_seconds)" 0
	[ "$(metric verified_rows_total)" -ge 297 ]
	wait_until level_is reconciled-within

	# The synchronisation hasn't noticed: same position, no newer epoch.
	expect_equal "$(things .position)" "$position"
	mysql_q "UPDATE things SET name = 'new' WHERE id IN (9, 11)"
	arrived() { [ "$(mongo_q count things '{"name":"new"}')" = 2 ]; }
	wait_until arrived
	stop
	expect_not_in log '"level":"error"'
}

# bats test_tags=sources
@test "what is promised rises by a complete cycle, and falls when one fails" {
	make_things 50
	export SYNC_VERIFY=0.05
	breakable
	start own/supervisor
	wait_until level_is reconciled-within
	things .guarantee.within_seconds >within
	awk '{ exit !($1 > 3 && $1 < 60) }' within || fail "within $(cat within)"
	expect_match log 'guaranteed now: best-effort: not_verified'
	expect_match log '"guarantee":"reconciled-within".*guaranteed now: reconciled-within:[0-9]+s'
	code change_column
	supervisor health >out
	expect_match out '^guarantee.level +reconciled-within:[0-9]+s$'

	# It can't be made any more.
	touch broken
	wait_until code verify_failed
	level_is best-effort
	expect_match log '"alert":"verify","state":"raised","table":"things"'
	expect_match log 'guaranteed now: best-effort: verify_failed'
	rm broken
	wait_until level_is reconciled-within
	stop
}

# bats test_tags=sources
@test "without deletes nothing is left to a verification: exact" {
	make_things 20
	export SYNC_THINGS_DELETES=ignore
	start
	wait_until level_is exact
	expect_equal "$(supervisor health --json | jq -c .guarantee.reasons)" "[]"
	mysql_q "DELETE FROM things WHERE id = 3"
	verify
	expect_equal "$(mongo_q count things)" 20
	expect_equal "$(things '.verify.last | [.mended, .left] | @csv')" 0,0
	stop

	# A cascade is, and a lacking privilege can't be helped.
	mysql_q "DROP TABLE IF EXISTS parts; CREATE TABLE parts (
	    id INT PRIMARY KEY, thing INT, updated_at TIMESTAMP(6) NOT NULL
	    DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
	    KEY (updated_at), FOREIGN KEY (thing) REFERENCES things (id)
	    ON DELETE CASCADE)"
	SYNC_TABLES=things,parts SYNC_PARTS_DELETES=ignore start
	wait_until code cascades
	wait_until level_is exact
	is things .verify.failed false
	expect_equal "$(supervisor status --json parts |
	    jq -r .guarantee.level)" best-effort
	supervisor verify parts
	promised() { supervisor status --json parts |
	    jq -r .guarantee.level | grep -q reconciled-within:; }
	wait_until promised
	stop
	mysql_q "DROP TABLE parts"
}

# bats test_tags=sources
@test "what the bound comes to lack lowers the promise, until it lacks nothing" {
	make_things 5
	export SYNC_THINGS_DELETES=ignore
	start
	wait_until level_is exact
	mysql_admin "SET GLOBAL innodb_status_output_locks = ON"
	wait_until level_is best-effort
	code plain_bound
	said 'guaranteed now: best-effort: plain_bound'
	mysql_admin "SET GLOBAL innodb_status_output_locks = OFF"
	wait_until code overlooked_before
	code not_verified
	stop

	# What was overlooked meanwhile is found by comparing, not by itself.
	start
	wait_until code overlooked_before
	level_is best-effort
	verify
	wait_until level_is exact
	expect_equal "$(supervisor health --json | jq -c .guarantee.reasons)" "[]"
	expect_equal "$(grep -c 'has gaps .*; best effort' log)" 1
	expect_equal "$(grep -c 'none is overlooked from now on' log)" 1
	stop

	# What its words say stays when it tells all anew.
	SYNC_THINGS_PIPELINE='extract things | transform | load --insecure' start
	wait_until code insecure
	mysql_admin "SET GLOBAL innodb_status_output_locks = ON"
	wait_until code plain_bound
	mysql_admin "SET GLOBAL innodb_status_output_locks = OFF"
	code insecure
	stop
}

# bats test_tags=sources
@test "soft deletes are seen; rows that are removed otherwise lower the promise" {
	make_things 20
	mysql_q "ALTER TABLE things ADD gone_at TIMESTAMP(3) NULL"
	mkdir schemas
	cat >schemas/things.json <<-END
	{"x-source":{"table":"things"},"x-columns":"drop",
	"x-soft-delete":{"column":"gone_at","then":"delete"},
	"properties":{"id":{},"name":{},"updated_at":{}}}
	END
	export SYNC_SCHEMAS=$PWD/schemas
	start
	wait_until level_is exact
	code soft_delete
	mysql_q "UPDATE things SET gone_at = NOW() WHERE id = 3"
	left() { [ "$(mongo_q count things)" = "$1" ]; }
	wait_until left 19

	# That it is removed, too, when its document has gone is nothing new.
	mysql_q "DELETE FROM things WHERE id = 3"
	verify
	level_is exact
	mysql_q "DELETE FROM things WHERE id = 4"
	verify
	left 18
	wait_until level_is reconciled-within
	code soft_delete
	verify
	wait_until level_is exact
	stop
}

# bats test_tags=sources
@test "who holds changes back is in health, status and metrics" {
	make_things 5
	start
	told() { [ "$(things .barrier.held)" = false ]; }
	wait_until told
	metric barrier_age_seconds | awk '{ exit !($1 >= 0 && $1 < 5) }'
	mkfifo sql
	MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults --skip-ssl -N \
	    --unbuffered --protocol=tcp -h "$MYSQL_HOST" -P "$MYSQL_PORT" \
	    -u "$MYSQL_USER" "$MYSQL_DATABASE" <sql >writer.out 3>&- &
	exec 4>sql
	echo "SELECT CONNECTION_ID(); BEGIN; INSERT INTO things (id)
	    VALUES (100); SELECT 'in';" >&4
	wait_until grep -q in writer.out
	held() { [ "$(things .barrier.held)" = true ]; }
	wait_until held
	things '.barrier | [.connection, .user] | @csv' >holder
	expect_equal "$(cat holder)" "$(head -n 1 writer.out),\"$MYSQL_USER\""
	expect_equal "$(supervisor health --json | jq -c '.barriers_held[] |
	    [.table, .connection]')" "[\"things\",$(head -n 1 writer.out)]"
	supervisor health >out
	expect_match out "^barriers_held +things: [0-9]+ s, by connection [0-9]+ of user $MYSQL_USER"
	expect_equal "$(metric barrier_held)" 1
	metric barrier_age_seconds | awk '{ exit !($1 >= 10) }'
	echo "COMMIT;" >&4
	exec 4>&-
	wait_until told
	expect_equal "$(supervisor health --json | jq -c .barriers_held)" "[]"
	stop
}

@test "paused tables aren't verified, and then nothing is promised" {
	make_things 50
	export SYNC_VERIFY=0.02
	start
	wait_until level_is reconciled-within
	supervisor pause things
	wait_until is things .verify.state paused
	n=$(begun)
	! supervisor verify things 2>err
	expect_in err "paused"
	wait_until code verify_overdue
	level_is best-effort
	expect_equal "$(begun)" "$n"
	supervisor resume things
	wait_until level_is reconciled-within
	stop
}

# bats test_tags=sources
@test "a look that is killed goes on; so does one of a killed supervisor" {
	make_things 300
	slow 100
	export SYNC_THINGS_PIPELINE='extract --page-size 50 things | transform | load'
	start
	mysql_q "DELETE FROM things WHERE id = 4"
	supervisor verify things
	wait_until looking load
	resumed() { [ -s state/tables/things/verify/checkpoint ]; }
	wait_until resumed
	kill -9 "$(looking load)"
	wait_until said 'verification: load: killed by signal 9'
	wait_until looking load
	expect_equal "$(verified .state)" running
	kill -9 "$SUP"
	wait "$SUP" || true
	gone() { ! pgrep -f "$STATE_DIR/tables" >/dev/null; }
	wait_until gone
	expect_equal "$(begun)" 1
	SYNC_VERIFY_RATE=0 start
	wait_until cycles_are 1
	expect_equal "$(begun)" 1
	expect_not_in log "the checkpoint is left out of account"
	expect_equal "$(things '.verify.last | [.rows_compared, .extra,
	    .mended, .left] | @csv')" 299,1,1,0
	expect_equal "$(mongo_q count things)" 299
	stop
}

@test "SIGTERM, a pause and a reload in the midst of a look" {
	make_things 2000
	slow 100
	start
	supervisor verify things
	wait_until looking load
	# The synchronisation doesn't wait for it.
	mysql_q "UPDATE things SET name = 'quick' WHERE id = 1"
	quick() { [ "$(mongo_q count things '{"name":"quick"}')" = 1 ]; }
	wait_until quick
	looking load
	supervisor pause things
	wait_until is things .verify.state paused
	! looking load
	supervisor resume things
	wait_until looking load
	supervisor reload
	wait_until looking load
	is verified .failed false
	kill "$SUP"
	wait "$SUP"
	SUP=
	expect_not_in log '"level":"error"'
	SYNC_VERIFY_RATE=0 start
	wait_until cycles_are 1
	expect_equal "$(verified .last.left)" 0
	expect_equal "$(begun)" 1
	stop
}

@test "what only waits to be synchronised is no difference" {
	make_things 20
	export SYNC_INTERVAL_MINUTES=60
	start
	mysql_q "UPDATE things SET name = 'late' WHERE id = 1"
	supervisor verify things
	wait_until is verified .progress.look 2
	wait_until is verified .state waiting
	# Nothing happens before the table's next run.
	expect_equal "$(verified .next_look)" null
	expect_equal "$(mongo_q count things '{"name":"late"}')" 0
	supervisor trigger things
	wait_until cycles_are 1
	expect_equal "$(things '.verify.last | [.different, .mended, .left] |
	    @csv')" 1,0,0
	stop
}

@test "too many differences wait for a person" {
	make_things 1500
	start
	verify
	mysql_q "DELETE FROM things WHERE id <= 1200"
	verify
	expect_equal "$(mongo_q count things)" 1500
	expect_equal "$(things '.verify.last | [.extra, .mended, .left,
	    .too_many] | @csv')" 1200,0,1200,true
	expect_match log '"alert":"difference","state":"raised","table":"things".*MySQL and MongoDB differ: 1200 differences have lasted, too many'
	wait_until code differences
	expect_equal "$(metric verify_differences)" 1200
	[ "$(metric mismatch_age_seconds)" != 0 ]
	supervisor status >out
	expect_in out "things: verification has left 1200 differences"
	echo SYNC_VERIFY_REPAIR_PERCENT=100 >.env
	supervisor reload
	verify
	expect_equal "$(mongo_q count things)" 300
	expect_equal "$(metric mismatch_age_seconds)" 0
	wait_until said '"alert":"difference","state":"cleared"'
	stop
}

@test "off, only told of, tables that don't go with it, and bad settings" {
	make_things 20
	export SYNC_THINGS_VERIFY=off
	start
	expect_equal "$(verified .state)" off
	wait_until code verify_off
	mysql_q "DELETE FROM things WHERE id = 1"
	# By hand it goes all the same.
	verify
	expect_equal "$(verified .last.mended)" 1
	stop
	unset SYNC_THINGS_VERIFY

	export SYNC_VERIFY_REPAIR=no
	mysql_q "DELETE FROM things WHERE id = 2"
	start
	verify
	expect_equal "$(things '.verify.last | [.mended, .left] | @csv')" 0,1
	expect_equal "$(mongo_q count things)" 19
	wait_until code verify_only
	expect_lines state/tables/things/verify/found.3 1
	stop
	unset SYNC_VERIFY_REPAIR

	SYNC_THINGS_PIPELINE="extract --where 'id > 0' things | transform | load" \
	    start
	supervisor verify things
	wait_until is things .verify.state blocked
	expect_match log "can't be verified: its pipeline has an option"
	stop

	SYNC_VERIFY=sometimes run_stage supervisor --check
	expect_status 100
	expect_in err '\"sometimes\"'
	SYNC_THINGS_VERIFY='61 * * * *' run_stage supervisor --check
	expect_status 100
	expect_in err 'things: verification: '
	SYNC_VERIFY='0 3 * * 0' run_stage supervisor --check
	expect_status 0
}
