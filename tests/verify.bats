# load --verify and extract --only: what differs is found, and mended.
# sources: mysql mariadb
#
# VERIFY_ROWS and VERIFY_PLANTED set the size of the last test.

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

VERIFY=$ROOT/scripts/verify
LOAD=$ROOT/bin/load	# `load` is a word of bats, and can't be killed

# make_rows TABLE N: a table of N rows, loaded.
make_rows() {
	mysql_q "DROP TABLE IF EXISTS $1;
	    CREATE TABLE $1 (
		id BIGINT PRIMARY KEY AUTO_INCREMENT,
		total DECIMAL(12,2), status VARCHAR(20), qty INT,
		updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
		    ON UPDATE CURRENT_TIMESTAMP(6),
		KEY (updated_at));
	    INSERT INTO $1 (id, total, status, qty)
		SELECT x.n, x.n / 7, 'new', x.n % 10 FROM (
		SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d +
		    100000 * g.d n FROM $(digits a), $(digits b), $(digits c),
		    $(digits e), $(digits f), $(digits g)) x
		WHERE x.n BETWEEN 1 AND $2"
	mongo_q drop "$1"
	sync "$1"
}

# digits NAME: a derived table of 0 to 9.
digits() {
	printf '(SELECT 0 d'
	printf ' UNION ALL SELECT %s' 1 2 3 4 5 6 7 8 9
	printf ') %s' "$1"
}

# sync TABLE [OPTION-OF-extract]: into MongoDB, with the position in ./state.
sync() {
	run_pipe "extract ${2-} $1 | transform | load --ack state"
	expect_status 0
}

# all TABLE [OPTION ...]: compare the whole table; lines in ./out.
all() {
	local t=$1
	shift
	run_pipe "extract --full $t | transform | load --verify $*"
}

# again TABLE FILE [OPTION ...]: compare the rows that FILE names.
again() {
	local t=$1 f=$2
	shift 2
	run_pipe "extract --only $f $t | transform | load --verify $*"
}

# shape: what was found, without times and digests.
shape() {
	sed -E 's/"suspect":\{"generation":([0-9]+).*/"generation":\1/
	    s/^\{"stream":"[^"]*","collection":"[^"]*",//' out |
	    LC_ALL=C sort
}

# sum NAME: a number of load's summary.
sum() {
	sed -n "s/.*\"operation\":\"verify\".*\"$1\":\([0-9.]*\).*/\1/p" err |
	    tail -n 1
}

# gate N: pass lines on; with N, from the record behind N on only when there is
# a line in ./open.
gate() {
	cat >gate.py <<-'END'
	import sys
	n, i, out = int(sys.argv[1]), 0, sys.stdout.buffer
	for line in sys.stdin.buffer:
	    i += line.startswith(b'{"type":"RECORD"')
	    if 0 < n < i:
	        out.flush()
	        open("open").readline()
	        n = 0
	    out.write(line)
	    if line.startswith(b'{"type":"STATE"'):
	        out.flush()
	END
	/usr/bin/python3 gate.py "$1" 2>/dev/null
}

# bats test_tags=sources
@test "a table and its collection are equal" {
	make_rows equal 250
	all equal
	expect_status 0
	expect_lines out 0
	expect_equal "$(sum records_compared)" 250
	expect_equal "$(sum whole)" 1

	# Fields in another order, and load's own notes, are no difference.
	mongo_q update equal '{"_id":{"$numberLong":"3"}}' \
	    '{"$unset":{"_sync":1}}' >/dev/null
	all equal
	expect_status 0
	expect_lines out 0
}

@test "an empty pipe, and one that was cut, are not equality" {
	make_rows cut 250
	run_pipe "true | load --verify"
	expect_status 111
	expect_in err "nothing came in"
	extract --full --page-size 100 cut >whole 2>/dev/null

	# Without the rows behind the first STATE but one.
	awk '{ print } /"STATE"/ && ++n == 2 { exit }' whole >part
	run_pipe "load --verify <part"
	expect_status 111
	expect_in err "not all rows have come"
	expect_lines out 0

	# Without the last STATE.
	sed '$d' part >torn
	run_pipe "load --verify <torn"
	expect_status 111

	# Not all rows were asked for: nothing is extra.
	mongo_q delete cut '{"_id":{"$numberLong":"7"}}'
	mysql_q "DELETE FROM cut WHERE id = 9"
	run_pipe "extract cut | transform | load --verify"
	expect_status 1
	expect_equal "$(shape)" '"key":[7],"what":"missing","generation":1'
	run_pipe "extract --full --where 'id < 5' cut | load --verify"
	expect_status 0
}

# bats test_tags=sources
@test "missing, different and extra: found, found again, mended" {
	make_rows three 250
	mongo_q update three '{"_id":{"$numberLong":"5"}}' \
	    '{"$set":{"status":"odd","qty":{"$numberLong":"5"},"more":1}}'
	mongo_q update three '{"_id":{"$numberLong":"6"}}' \
	    '{"$unset":{"total":1}}'
	mongo_q delete three '{"_id":{"$numberLong":"7"}}'
	mysql_q "DELETE FROM three WHERE id IN (8, 9)"
	all three
	expect_status 1
	cat >wanted <<-'END'
	"key":[5],"what":"different","fields":["status","qty","more"],"generation":N
	"key":[6],"what":"different","fields":["total"],"generation":N
	"key":[7],"what":"missing","generation":N
	"key":[8],"what":"extra","generation":N
	"key":[9],"what":"extra","generation":N
	END
	expect_equal "$(shape)" "$(sed s/N/1/ wanted)"
	mv out first

	# A row is there again, and one changes while we look.
	mysql_q "INSERT INTO three (id, total, status, qty, updated_at)
	    VALUES (8, 8 / 7, 'new', 8, '2026-01-01 00:00:00')"
	again three first --generations 2
	expect_status 1
	sed -n 's/.*"key":\[8\].*"fields":\(.*\),"suspect":{"generation":1.*/\1/p' \
	    out >f8
	expect_equal "$(cat f8)" '["updated_at"]'
	grep -v 'key":\[8\]' out >second
	mv second out
	expect_equal "$(shape)" "$(grep -v '\[8\]' wanted | sed s/N/2/)"
	expect_equal "$(sum counted)" 4
	mv out second
	again three second --generations 4 --repair
	expect_status 0
	expect_equal "$(sum mended)" 0
	mv out third
	again three third --generations 4 --repair
	expect_status 1
	expect_equal "$(sum mended)" 4
	again three third
	expect_status 0
	expect_lines out 0
	all three
	expect_status 1
	expect_equal "$(shape)" \
	    '"key":[8],"what":"different","fields":["updated_at"],"generation":1'
}

@test "no values are printed unless they are asked for" {
	make_rows secret 20
	mongo_q update secret '{"_id":{"$numberLong":"5"}}' \
	    '{"$set":{"status":"hush"}}'
	all secret
	expect_status 1
	expect_not_in out hush
	expect_not_in err hush
	all secret --values
	expect_status 1
	expect_in out '"status" : "hush"'
	expect_in out '"status" : "new"'
}

# bats test_tags=sources
@test "keys of every kind find their rows again" {
	# Two tables of each kind, all at once: fewer processes.
	tables= before= after= n=0
	for t in "BIGINT UNSIGNED" "DECIMAL(20,4)" "VARCHAR(20)" \
	    "VARBINARY(9)" "DATE" "DATETIME(6)" "TIMESTAMP(6)" "TIME(3)" \
	    "ENUM('k','l','m','n')" "CHAR(8)" "DOUBLE"; do
		case $t in
		BIGINT*) v="1 18446744073709551615 18446744073709551614 7" ;;
		DEC*) v="1.5 0.0001 -3 1234567890123456.7891" ;;
		DATE) v="'2026-01-02' '1970-01-01' '1969-12-31' '0999-01-01'" ;;
		DATETIME*) v="'2026-01-02T03:04:05.678901'
		    '2026-01-02T03:04:05.678' '1969-12-31T23:59:59.5'
		    '2026-01-02T00:00:00'" ;;
		TIMESTAMP*) v="'2026-01-02T03:04:05.678901'
		    '2026-01-02T03:04:05.678' '1999-12-31T23:59:59.5'
		    '2026-01-02T00:00:00'" ;;
		TIME*) v="'-838:59:59' '00:00:00.001' '1:2:3' '23:00:00'" ;;
		ENUM*) v="'k' 'l' 'm' 'n'" ;;
		VARBIN*) v="X'00' X'FF00' 'abc' ''" ;;
		DOUBLE) v="1.5 0.1 -1e300 7" ;;
		*) v="'a' 'B.\$' 'ü' '\"'" ;;
		esac
		n=$((n + 1)) tables="$tables k$n kk$n"
		before="$before CREATE TABLE k$n (
		    a $t NOT NULL, b INT, n INT, PRIMARY KEY (a));
		    CREATE TABLE kk$n (
		    a $t NOT NULL, b INT, n INT, PRIMARY KEY (b, a));"
		i=0
		for x in $v; do
			for c in k$n kk$n; do
				row="INSERT INTO $c VALUES ($x, $i, 0);"
				# One gone, one other, one too many.
				case $i in
				0) after="$after $row" ;;
				1) before="$before $row"
					after="$after UPDATE $c SET n = 1
					    WHERE b = 1;" ;;
				2) before="$before $row" ;;
				3) before="$before $row"
					after="$after DELETE FROM $c
					    WHERE b = 3;" ;;
				esac
			done
			i=$((i + 1))
		done
	done
	mysql_q "$before"
	sync "$tables"
	all "$tables"
	expect_status 0
	mysql_q "$after"
	all "$tables"
	expect_status 1
	expect_equal "$(sum missing) $(sum different) $(sum extra)" "22 22 22"
	expect_not_in out '"key":null'
	mv out found
	again "$tables" found --generations 2 --repair
	expect_equal "$(sum mended)" 66
	all "$tables"
	expect_status 0
}

# bats test_tags=sources
@test "a key that is another one for MongoDB is not deleted with its row" {
	mysql_q "CREATE TABLE folded (a VARCHAR(20) COLLATE utf8mb4_general_ci
	    PRIMARY KEY, n INT); INSERT INTO folded VALUES ('abc', 1), ('d', 2)"
	sync folded
	mysql_q "UPDATE folded SET a = 'ABC' WHERE a = 'abc'"
	"$VERIFY" --wait 0 --repair folded >out 2>err
	all folded
	expect_status 0
	expect_equal "$(mongo_q find folded '{}' '{"_id":1}')" \
	    '{"_id":"ABC"}
{"_id":"d"}'
}

@test "what load didn't write is not deleted" {
	make_rows strange 20
	mongo_q insert strange '{"_id":{"$numberLong":"99"},"x":1}' \
	    '{"_id":"text"}'
	all strange
	expect_status 1
	expect_equal "$(sum extra) $(sum foreign)" "2 2"
	expect_in out '"key":null,"document":{ "_id" : "text" }'
	mv out one
	again strange one --generations 2 --repair
	expect_status 1
	expect_equal "$(sum mended)" 0
	expect_in err "1 lines have no key of a row"
	expect_equal "$(mongo_q count strange)" 22
}

@test "a repair yields to whoever wrote since the look before" {
	make_rows race 20
	for i in 3 4 5 6; do
		mongo_q update race "{\"_id\":{\"\$numberLong\":\"$i\"}}" \
		    '{"$set":{"status":"odd"}}' >/dev/null
	done
	mysql_q "DELETE FROM race WHERE id = 7"
	all race
	mv out found
	extract --only found race 2>/dev/null >rows

	# The rows are read; now they change, and others write two of them.
	mysql_q "UPDATE race SET status = 'newer' WHERE id IN (3, 4);
	    INSERT INTO race (id, status) VALUES (7, 'back')"
	mine=$(sed -n 's/.*"pos":\[\([0-9]*\).*/\1/p;' rows | head -n 1)

	# By a pipeline that runs since before: its epoch is a lower one.
	run_pipe "extract --where 'id IN (3, 4, 7)' race |
	    sed 's/\"pos\":\[[0-9]*/\"pos\":[$((mine - 1))/' | load"
	expect_status 0
	version() { mongo_q find race '{"_id":{"$numberLong":"5"}}' \
	    '{"_sync.v":1,"_id":0}'; }
	before=$(version)
	run_pipe "load --verify --repair <rows"
	mongo_q find race '{"status":{"$ne":"new"}}' '{"status":1}' >now
	expect_equal "$(cat now)" \
	    '{"_id":{"$numberLong":"3"},"status":"newer"}
{"_id":{"$numberLong":"4"},"status":"newer"}
{"_id":{"$numberLong":"7"},"status":"back"}'
	expect_equal "$(sum mended)" 2

	# Nor does it stand in the way of that pipeline.
	expect_equal "$(version)" "$before"
	all race
	expect_status 0
}

@test "of an emptied table all is extra, of a missing collection all missing" {
	make_rows none 30
	mongo_q drop none
	all none
	expect_status 1
	expect_equal "$(sum missing) $(sum extra)" "30 0"
	"$VERIFY" --wait 0 --repair none >out 2>err
	expect_lines out 0
	expect_equal "$(mongo_q count none)" 30
	mysql_q "DELETE FROM none"
	all none
	expect_status 1
	expect_equal "$(sum missing) $(sum extra)" "0 30"
	"$VERIFY" --wait 0 --repair none >out 2>err
	expect_lines out 0
	expect_equal "$(mongo_q count none)" 0
	all none
	expect_status 0
}

# bats test_tags=sources
@test "rows that a column says are deleted have no document, or a mark" {
	make_rows soft 20
	mysql_q "ALTER TABLE soft ADD gone_at TIMESTAMP(3) NULL"
	mkdir schemas
	soft() {
		cat >schemas/soft.json <<-END
		{"x-source":{"table":"soft"},"x-columns":"drop",
		"x-soft-delete":{"column":"gone_at","then":"$1"},
		"properties":{"id":{},"total":{},"status":{},"qty":{},
		"updated_at":{}}}
		END
	}
	looks() {
		run_pipe "extract ${2---full} soft | transform --schemas \
		    schemas | load $1"
	}
	soft delete
	looks '' ''
	mysql_q "UPDATE soft SET gone_at = '2026-01-02 03:04:05.678'
	    WHERE id IN (3, 4)"
	looks --verify
	expect_status 1
	expect_equal "$(shape)" '"key":[3],"what":"extra","generation":1
"key":[4],"what":"extra","generation":1'
	mv out found
	looks "--verify --generations 2 --repair" "--only found"
	expect_equal "$(sum mended)" 2
	expect_equal "$(mongo_q count soft)" 18
	looks --verify
	expect_status 0
	expect_equal "$(sum records_compared)" 20

	# What is no longer deleted comes back, by the ordinary way.
	mysql_q "UPDATE soft SET gone_at = NULL WHERE id = 4"
	looks '' ''
	looks --verify
	expect_status 0
	expect_equal "$(mongo_q count soft)" 19

	# A mark that is missing, and one that is left over.
	soft mark
	looks '' ''
	expect_equal "$(mongo_q find soft '{"_sync.deleted":{"$exists":1}}' \
	    '{"_sync.deleted":1}')" '{"_id":{"$numberLong":"3"},"_sync":{"deleted":{"$date":{"$numberLong":"1767323045678"}}}}'
	looks --verify
	expect_status 0
	mongo_q update soft '{"_id":{"$numberLong":"3"}}' \
	    '{"$unset":{"_sync.deleted":1}}' >/dev/null
	mongo_q update soft '{"_id":{"$numberLong":"5"}}' \
	    '{"$set":{"_sync.deleted":1}}' >/dev/null
	looks --verify
	expect_status 1
	expect_equal "$(shape)" '"key":[3],"what":"different","fields":["_sync.deleted"],"generation":1
"key":[5],"what":"different","fields":["_sync.deleted"],"generation":1'
	mv out found
	looks "--verify --generations 2 --repair" "--only found"
	looks --verify
	expect_status 0
}

@test "deleted rows whose documents stay: marked, or as they are" {
	make_rows stays 20
	mysql_q "DELETE FROM stays WHERE id IN (5, 6)"
	mongo_q insert stays '{"_id":{"$numberLong":"99"}}'
	export SYNC_DELETES=mark
	all stays
	expect_status 1
	expect_equal "$(sum extra) $(sum foreign) $(sum marked)" "3 1 0"
	mv out found
	again stays found --generations 2 --repair
	expect_equal "$(sum mended)" 2
	expect_in err '"records_marked":2'
	mongo_q delete stays '{"_id":{"$numberLong":"99"}}'
	all stays
	expect_status 0
	expect_equal "$(sum extra) $(sum marked) $(mongo_q count stays)" \
	    "0 2 20"

	# Whoever wrote since the look before wins.
	mysql_q "DELETE FROM stays WHERE id = 7"
	all stays
	mv out found
	extract --only found stays 2>/dev/null >gone
	mysql_q "INSERT INTO stays (id, status) VALUES (7, 'back'), (5, 'too')"
	run_pipe "extract --where 'id = 7' stays | load"
	run_pipe "load --verify --generations 2 --repair <gone"
	expect_equal "$(mongo_q count stays '{"_sync.deleted":{"$exists":1}}')" 2
	all stays
	expect_status 1
	expect_equal "$(shape | sed 's/,"updated_at"//')" '"key":[5],"what":"different","fields":["total","status","qty","_sync.deleted"],"generation":1'

	# Ignored, they are counted, and no difference, marked or not.
	sync stays
	mysql_q "DELETE FROM stays WHERE id IN (8, 9)"
	SYNC_STAYS_DELETES=ignore all stays
	expect_status 0
	expect_lines out 0
	expect_equal "$(sum extra) $(sum marked) $(sum ignored)" "0 0 3"
	SYNC_STAYS_DELETES=mirror all stays
	expect_equal "$(sum extra)" 3
	unset SYNC_DELETES
}

@test "keys that transform converts can't be asked for again" {
	make_rows conv 5
	mkdir schemas
	cat >schemas/conv.json <<-'END'
	{"type":"object","x-source":{"table":"conv"},"properties":{
	"id":{"type":"string","x-apply":["string"]}},
	"required":["id"]}
	END
	run_pipe "extract --full conv | transform --schemas schemas |
	    load --verify"
	expect_status 1
	expect_in out '"key":null'
	expect_not_in out '"key":[' 
}

@test "killed and resumed: nothing twice, nothing left out" {
	make_rows resume 4000
	mongo_q delete resume '{"qty":3}'
	mysql_q "DELETE FROM resume WHERE qty = 4"
	for kill in load extract; do
		rm -f point* held open
		mkfifo pipe.$kill held open
		exec 9<>open
		: >pipe.not
		extract --full --page-size 200 resume >pipe.$kill 2>err.x \
		    3>&- 9>&- &
		source=$!
		gate 400 <pipe.$kill >held 3>&- 9>&- &
		gate=$!
		"$LOAD" --verify --resume point --rate 2000 <held \
		    >out.cut 2>err.cut 3>&- 9>&- &
		target=$!
		wait_until test -s point
		run_stage load --verify --resume point <pipe.not
		expect_status 111
		expect_in err "another load uses this checkpoint"
		case $kill in
		load) kill -9 "$target" ;;
		extract) kill -9 "$source" ;;
		esac
		echo >&9
		wait "$source" "$gate" "$target" || true
		expect_lines out.cut 0
		run_pipe "extract --state point resume | transform |
		    load --verify --resume point"
		expect_status 1
		expect_equal "$(sum missing) $(sum extra) $(sum different)" \
		    "400 400 0"
		expect_equal "$(sum records_compared)" 3600
		expect_lines out 800
		expect_equal "$(sort -u out | wc -l)" 800
		for f in point*; do
			[ ! -e "$f" ] || fail "$f is left"
		done
	done
}

# bats test_tags=sources
@test "in parts at a time: each document belongs to one, whatever its key" {
	make_rows parts 400
	mysql_q "DELETE FROM parts WHERE id IN (1, 7, 200, 400);
	    UPDATE parts SET id = -5 WHERE id = 5"
	mongo_q delete parts '{"_id":{"$numberLong":"100"}}'
	mongo_q update parts '{"_id":{"$numberLong":"300"}}' \
	    '{"$set":{"qty":-1}}'
	mongo_q insert parts '{"_id":"text"}' '{"_id":{"a":1}}' \
	    '{"_id":{"$numberLong":"-99"}}' '{"_id":{"$numberLong":"9999"}}' \
	    '{"_id":{"$numberDouble":"NaN"}}' '{"_id":null}' \
	    '{"_id":{"$numberDecimal":"18446744073709551617"}}' \
	    '{"_id":{"$numberDouble":"37.5"}}'
	all parts
	expect_status 1
	shape | grep -v '"key":\[5\]' >alone
	expect_equal "$(sum missing) $(sum extra) $(sum different)" "2 13 1"
	status=0
	"$VERIFY" --parallel 3 --looks 1 parts >out 2>err || status=$?
	expect_status 1
	expect_lines out 16
	shape | grep -v '"key":\[5\]' >parted
	expect_same parted alone
	expect_equal "$(ls parts.verify)" 1
	"$VERIFY" --parallel 2 --repair --wait 0 parts >left 2>err || true
	all parts
	expect_equal "$(sum extra) $(sum foreign)" "8 8"

	# Killed in the midst of it, and again when all of it has ended.
	run_stage flock parts.verify/.lock "$VERIFY" parts
	expect_status 111
	expect_in err "another one is at work there"
	mongo_q delete parts '{"qty":3}'
	"$VERIFY" --parallel 2 --rate 400 --wait 0 parts >left 2>err 3>&- &
	wait_until test -e parts.verify/part.1
	kill -9 $!
	wait $! || true
	wait_until flock -n parts.verify/.lock true
	[ -e parts.verify/parts ]
	status=0
	"$VERIFY" --parallel 2 --looks 1 --wait 0 parts >left 2>err || status=$?
	expect_status 1
	expect_equal "$(grep -c '"missing"' left)" 40

	# Keys of two columns; keys that have no ranges.
	mysql_q "CREATE TABLE two (a INT UNSIGNED, b VARCHAR(9), n INT,
	    PRIMARY KEY (a, b));
	    INSERT INTO two SELECT id, 'x', 1 FROM parts WHERE id > 0;
	    CREATE TABLE text (a VARCHAR(9) PRIMARY KEY);
	    INSERT INTO text VALUES ('a'), ('b')"
	sync two
	sync text
	mysql_q "DELETE FROM two WHERE a IN (2, 399); DELETE FROM text LIMIT 1"
	for t in two text; do
		mongo_q insert $t '{"_id":"strange"}'
		status=0
		"$VERIFY" --parallel 2 --looks 1 --wait 0 $t >left 2>err ||
		    status=$?
		expect_status 1
		expect_lines left $([ $t = two ] && echo 3 || echo 2)
	done
	run_pipe "extract --full --from-key 1 text"
	expect_status 100
	run_pipe "extract --full --from-key 1 --to-key 9 --page-size 2 two |
	    head -n 4 | load --verify --resume point"
	run_pipe "extract --from-key 1 --to-key 8 --state point two |
	    load --verify --resume point"
	expect_status 100
	expect_in err "another range"
}

@test "a checkpoint of something else is refused, a new start begins anew" {
	make_rows anew 20
	echo '{"bookmarks":{}}' >point
	all anew --resume point
	expect_status 100
	expect_in err "is no checkpoint"
	rm point
	extract --full --page-size 5 anew 2>/dev/null | head -n 14 >part
	run_stage load --verify --resume point <part
	expect_status 111
	[ -s point ]
	all anew --resume point
	expect_status 0
	expect_equal "$(sum records_compared)" 20
}

@test "a connection that is cut is made again, and nothing is told twice" {
	make_rows cuts 3000
	mongo_q delete cuts '{"qty":3}' >/dev/null
	mysql_q "DELETE FROM cuts WHERE qty = 4"
	server=${MONGODB_URI#mongodb://}
	export SYNC_RETRY_DELAY=0
	for at in 4000 60000 250000 500000 560000 580000 600000; do
		relay_start --cut $at "${server%%/*}"
		run_pipe "extract --full cuts | transform |
		    MONGODB_URI=mongodb://127.0.0.1:$relay_port/ load --verify"
		relay_stop
		expect_status 1
		expect_equal "$(sum missing) $(sum extra) $(sum different)" \
		    "300 300 0"
		expect_equal "$(sum records_compared)" 2700
		expect_lines out 600
		expect_equal "$(sort -u out | wc -l)" 600
		! grep -q "trying again" err || echo $at >>cut
	done

	# The library repeats some by itself.
	[ -s cut ] || fail "no cut was seen"
}

@test "options that don't go together" {
	for o in "--repair" "--rate 5" "--resume x" "--values" \
	    "--generations 2" "--verify --ack x" "--verify --dry-run" \
	    "--verify --repair --resume x"; do
		run_stage load $o </dev/null
		expect_status 100
	done
	for o in "--full" "--state x" "--where 1" "--follow 1s"; do
		run_stage extract --only x $o t
		expect_status 100
	done
	echo '{"stream":"t","key":["x"]}' >x
	mysql_q "CREATE TABLE t (id INT PRIMARY KEY)"
	run_stage extract --only x t
	expect_status 100
	expect_in err 'x:1: this \"key\" is none'
}

@test "a sample: so many rows, from anywhere" {
	make_rows drawn 3000
	mongo_q update drawn '{"_id":{"$numberLong":"7"}}' \
	    '{"$set":{"qty":1}}' >/dev/null
	mysql_q "DELETE FROM drawn WHERE id = 8"
	all drawn --sample 10000
	expect_status 1
	expect_equal "$(sum records_compared)" 2999
	expect_equal "$(sum different) $(sum extra) $(sum whole)" "1 0 0"
	mongo_q delete drawn '{}'
	all drawn --sample 300
	expect_status 1
	expect_equal "$(sum records_compared) $(sum missing)" "300 300"
	expect_equal "$(sort -u out | wc -l)" 300

	# A hundred of each third, give or take five times the deviation.
	for i in 0 1 2; do
		n=$(sed 's/.*"key":\[\([0-9]*\).*/\1/' out |
		    awk -v i=$i '$1 > i * 1000 && $1 <= (i + 1) * 1000' | wc -l)
		[ "$n" -ge 55 ] || fail "$n of 300 in the third $i"
	done
	run_stage load --sample 5
	expect_status 100
	run_stage load --verify --sample 5 --resume x
	expect_status 100
}

# Statements that change rows below ${1}, until ./stop is there. None of them
# reaches a row from there on: the pipeline would mend what is planted there.
write_on() {
	r() { echo $(((RANDOM * 32768 + RANDOM) % $1)); }
	while [ ! -e stop ]; do
		a=$(r $(($1 - 20)))
		cat <<-END
		INSERT INTO busy (total, status, qty) VALUES (1, 'born', 1);
		UPDATE busy SET qty = qty + 1 WHERE id BETWEEN $a AND $((a + 20));
		UPDATE busy SET status = 'w' WHERE id = $(r "$1");
		END
		sleep 0.01
	done | MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults \
	    --protocol=tcp --skip-ssl -h "$MYSQL_HOST" -P "$MYSQL_PORT" \
	    -u "$MYSQL_USER" "$MYSQL_DATABASE"
}

# plant N FIRST: N documents that differ, N that are missing and N that are
# extra, from the row FIRST on.
plant() {
	cat >plant.py <<-'END'
	import os, sys, pymongo
	n, first = int(sys.argv[1]), int(sys.argv[2])
	c = pymongo.MongoClient(os.environ["MONGODB_URI"])[
	    os.environ["MONGODB_DATABASE"]]["busy"]
	ids = lambda k: list(range(first + k * n, first + (k + 1) * n))
	assert c.update_many({"_id": {"$in": ids(0)}},
	    {"$set": {"status": "planted"}}).modified_count == n
	assert c.delete_many({"_id": {"$in": ids(1)}}).deleted_count == n
	END
	/usr/bin/python3 plant.py "$1" "$2"
	mysql_q "DELETE FROM busy WHERE id BETWEEN $(($2 + 2 * $1)) AND
	    $(($2 + 3 * $1 - 1))"
}

# stages N ARGUMENT-OF-extract ...: a look at all, or at N rows until fd 9 is
# written to; each stage a process $pid[i] whose peak of memory in KiB is in
# i.kb when it has ended.
stages() {
	local n=$1

	shift
	rm -f a b c open [123].kb
	mkfifo a b c open
	exec 9<>open
	"$SUPPORT/peak" 1.kb extract "$@" --page-size "$page" busy >a \
	    2>>err.1 3>&- 9>&- &
	pid[1]=$!
	"$SUPPORT/peak" 2.kb transform <a >b 2>>err.2 3>&- 9>&- &
	pid[2]=$!
	"$SUPPORT/peak" 3.kb "$LOAD" --verify --resume point \
	    --rate $((page * 5)) <c >out 2>err 3>&- 9>&- &
	pid[3]=$!
	gate "$n" <b >c 3>&- 9>&- &
	pid[4]=$!
}

# compared N: so many rows are, as the checkpoint says.
compared() {
	[ -s point ] && [ "$(sed -n '1s/.*"compared":\([0-9]*\).*/\1/p' \
	    point)" -ge "$1" ]
}

# note_peaks: after stages, none may have had more than 64 MiB.
note_peaks() {
	for i in 1 2 3; do
		[ "$(cat $i.kb)" -le 65536 ] || fail "stage $i: $(cat $i.kb) KB"
		cat $i.kb >>peak.$i
	done
}

# caught_up: what was committed until now is in MongoDB.
caught_up() {
	id=$(mysql_q "INSERT INTO busy (status) VALUES ('mark');
	    SELECT LAST_INSERT_ID()")
	wait_until -t 120 mongo_has "$id"
}

mongo_has() {
	[ "$(mongo_q count busy "{\"_id\":{\"\$numberLong\":\"$1\"}}")" = 1 ]
}

# bats test_tags=sources
@test "planted differences: killed, resumed, found and mended under writes" {
	n=${VERIFY_PLANTED:-50}
	rows=${VERIFY_ROWS:-20000}
	half=$((rows / 2))
	page=$((rows / 20))
	began=$(date +%s)
	make_rows busy "$rows"
	echo "# $rows rows loaded after $(($(date +%s) - began)) s" >&3
	mkfifo pipe
	extract --follow 100ms --state state busy >pipe 2>err.extract 3>&- &
	source=$!
	transform <pipe 2>/dev/null 3>&- | load >/dev/null 2>err.load 3>&- &
	target=$!
	write_on "$half" 3>&- &
	writer=$!
	plant "$n" $((half + 1))
	caught_up

	# The first look; each stage is killed while rows are held back from
	# load, and all go on, until nobody kills them.
	pid=()
	stages $((page * 4)) --full
	for k in 1 2 3 0; do
		if [ $k -gt 0 ]; then
			wait_until -t 600 compared $((page * 4 * k))
			kill -9 "$(ps -o pid= --ppid "${pid[$k]}" | tr -d ' ')"
			echo >&9
		fi
		wait "${pid[1]}" "${pid[2]}" "${pid[4]}" || true
		status=0
		wait "${pid[3]}" || status=$?
		note_peaks
		[ $k -gt 0 ] || break
		expect_lines out 0
		stages $((k < 3 ? page * 4 : 0)) --state point
	done
	expect_status 1
	compared=$(sum records_compared)
	[ "$compared" -ge $((rows - n)) ] || fail "$compared rows"
	mv out look.1

	# Twice more, and what has lasted is mended.
	for look in 2 3; do
		caught_up
		again busy look.$((look - 1)) --generations 3 \
		    "$([ $look = 2 ] || echo --repair)"
		mv out look.$look
	done
	mended=$(sum mended)
	expect_equal "$(mysql_q "SELECT COUNT(*) FROM busy
	    WHERE id > $half AND id <= $((half + 3 * n))
	    AND (status <> 'new' OR qty <> id % 10)")" 0
	grep -o '"what":"[a-z]*"\(,"fields":[^ ]*\)\{0,1\},"suspect":{"generation":3' \
	    look.3 | cut -d'"' -f4 | sort | uniq -c | tr -s ' ' >found
	expect_equal "$(cat found)" " $n different
 $n extra
 $n missing"
	touch stop
	wait "$writer"
	kill "$source"
	wait "$source" "$target" || true
	sync busy "--state state"
	all busy
	expect_status 0
	expect_lines out 0
	changes=$(mysql_q "SELECT SUM(qty - id % 10) FROM busy
	    WHERE id <= $half")
	echo "# $compared rows compared, $mended of 3 x $n mended," \
	    "$changes updates meanwhile; peaks" \
	    "$(for i in 1 2 3; do sort -n peak.$i | tail -n 1; done |
	    tr '\n' ' ')KB; $(($(date +%s) - began)) s" >&3
}
