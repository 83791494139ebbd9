# How a table and its collection can come apart: one row for each way. No case
# is silent: the document is equal, or something is said, or the comparison
# finds it and mends it.
# sources: mysql mariadb
#
#	@test "what it is about" {
#		t 'columns'		the table t, with rows of 100 s ago:
#		rows '(1, ...)'
#		then_ 'SQL'		what happens, 50 s ago
#		EXPECTED
#	}
#
# same DOCUMENT...	after a run, the documents are these, without id and
#			updated_at; 1 is an int32, 1L an int64, 1D a double,
#			1M a Decimal128, 1T a date in milliseconds, xB binary
# told TEXT		a run says it, or doesn't end well saying it
# verified [N]		no run finds it; the comparison does, with N
#			differences, and repairs it

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	mysql_q "DROP DATABASE $MYSQL_DATABASE;
	    CREATE DATABASE $MYSQL_DATABASE CHARACTER SET utf8mb4"
	export SYNC_T_COLLECTION=t$BATS_TEST_NUMBER
	sql= from=() transform=(--no-schemas)
	: >said
}

# What every table has, but for a few.
U='updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
    ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at)'

# ago SECONDS: the time of the statements that follow.
ago() {
	sql+="SET timestamp = UNIX_TIMESTAMP(SYSDATE()) - $1, sql_mode = '';"
}

# t COLUMNS: the table, with an updated_at if they haven't got one.
t() {
	ago 100
	case $1 in
	*updated_at*) sql+="CREATE TABLE t ($1);" ;;
	*) sql+="CREATE TABLE t ($1, $U);" ;;
	esac
}

# rows VALUES: into all columns but updated_at, in their order.
rows() {
	sql+="INSERT INTO t VALUES $(sed 's/), (/, DEFAULT), (/g
	    s/)$/, DEFAULT)/' <<<"$1");"
}

# do_ SQL: as it stands, beside or instead of these.
do_() {
	[ -n "$sql" ] || ago 100
	sql+="$1;"
}

# then_ SQL: what there is so far is synchronised; this comes later, and
# behind the bookmark, which is put back to between both.
then_() {
	run_
	[ "$rc" -eq 0 ] || fail "the first run ended with $rc" "$(cat said)"
	sed -i "s/\"replication_key_value\":\"[^\"]*\"/\"replication_key_value\":\"$(
	    date -u -d '75 seconds ago' +%FT%T.000000Z)\"/" state
	ago 50
	sql+="$1;"
}

# run_: all of this reaches the server, and a run finds what it can.
run_() {
	mysql_q "$sql"
	sql= rc=0
	export how=${transform[*]}
	bash -o pipefail -c 'extract --report --state state "$@" t |
	    transform $how | load --ack state' x "${from[@]}" 2>>said || rc=$?
}

same() {
	run_
	[ "$rc" -eq 0 ] || fail "the run ended with $rc" "$(cat said)"
	mongo_q find "$SYNC_T_COLLECTION" '{}' \
	    '{"_sync":0,"id":0,"updated_at":0}' | sed -E '
	    s/\{"\$numberInt":"([^"]*)"\}/\1/g
	    s/\{"\$numberLong":"([^"]*)"\}/\1L/g
	    s/\{"\$numberDouble":"([^"]*)"\}/\1D/g
	    s/\{"\$numberDecimal":"([^"]*)"\}/\1M/g
	    s/\{"\$date":([-0-9]*)L\}/\1T/g
	    s/\{"\$binary":\{"base64":"([^"]*)","subType":"00"\}\}/\1B/g
	    ' >documents
	printf '%s\n' "$@" >wanted
	expect_same documents wanted
}

told() {
	run_
	sed -n 's/.*"message":"\(.*\)".*/\1/p' said >messages
	expect_in messages "$1"
}

# compare [OPTION of load ...]: the whole table; how many differ in $differ.
compare() {
	rc=0
	bash -o pipefail -c 'extract --full "$@" t | transform --no-schemas |
	    load --verify' x "${from[@]}" >found 2>>said || rc=$?
	differ=$(wc -l <found)
}

verified() {
	run_
	[ "$rc" -eq 0 ] || fail "the run ended with $rc" "$(cat said)"
	compare
	expect_equal "$rc: $differ" "1: ${1-1}"
	bash -o pipefail -c 'extract --only found t | transform --no-schemas |
	    load --verify --repair' >/dev/null 2>>said || true
	compare
	expect_equal "$rc: $differ" "0: 0"
}

# another_second: the table was made in an earlier one.
another_second() {
	[ "$(mysql_q "SELECT NOW() > CREATE_TIME FROM information_schema.TABLES
	    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'")" = 1 ]
}

# --- Types ----------------------------------------------------------------

@test "BIGINT UNSIGNED above 2^63" {
	t 'id INT PRIMARY KEY, v BIGINT UNSIGNED'
	rows '(1, 18446744073709551615), (2, 9223372036854775807)'
	same '{"_id":1,"v":18446744073709551615M}' \
	    '{"_id":2,"v":9223372036854775807L}'
}

@test "DECIMAL of 34 digits, and of more" {
	t 'id INT PRIMARY KEY, a DECIMAL(34,2), b DECIMAL(40,0)'
	rows '(1, 12345678901234567890123456789012.30, 1234567890123456789012345678901234567890)'
	same '{"_id":1,"a":12345678901234567890123456789012.30M,"b":"1234567890123456789012345678901234567890"}'
}

@test "FLOAT 8388609, and DOUBLE's digits" {
	t 'id INT PRIMARY KEY, f FLOAT, d DOUBLE'
	rows '(1, 8388609, 0.1)'
	same '{"_id":1,"f":8388609.0D,"d":0.1D}'
}

@test "negative zero" {
	t 'id INT PRIMARY KEY, d DOUBLE'
	rows '(1, 0e0 * -1)'
	# MariaDB keeps no sign of it.
	[ "$MILLRACE_SOURCE" = mysql ] && sign=- || sign=
	same "{\"_id\":1,\"d\":${sign}0.0D}"
}

@test "BIT" {
	t 'id INT PRIMARY KEY, a BIT(1), b BIT(12), c BIT(64)'
	rows "(1, b'1', b'100000000001', b'1111111111111111111111111111111111111111111111111111111111111111')"
	same '{"_id":1,"a":1,"b":2049,"c":18446744073709551615M}'
}

@test "SET" {
	t "id INT PRIMARY KEY, s SET('a','b c','d')"
	rows "(1, 'd,a'), (2, '')"
	same '{"_id":1,"s":["a","d"]}' '{"_id":2,"s":[]}'
}

@test "ENUM's index 0, what an invalid value becomes" {
	t "id INT PRIMARY KEY, e ENUM('a','b')"
	rows "(1, 'b'), (2, 'x')"
	same '{"_id":1,"e":"b"}' '{"_id":2,"e":""}'
}

@test "geometry" {
	t 'id INT PRIMARY KEY, g POINT'
	rows "(1, ST_GeomFromText('POINT(1 2)'))"
	same '{"_id":1,"g":{"type":"Point","coordinates":[1,2]}}'
}

@test "bytes that are no UTF-8, in binary and in latin1" {
	t 'id INT PRIMARY KEY, b VARBINARY(9), l VARCHAR(9) CHARACTER SET latin1'
	rows "(1, X'FF00FE', X'E9')"
	same '{"_id":1,"b":/wD+B,"l":"é"}'
}

@test "NUL in text" {
	t 'id INT PRIMARY KEY, v VARCHAR(9)'
	rows "(1, X'610062')"
	same '{"_id":1,"v":"a\u0000b"}'
}

@test "JSON with a name twice" {
	t 'id INT PRIMARY KEY, j JSON'
	rows "(1, '{\"a\":1,\"a\":2}')"
	if [ "$MILLRACE_SOURCE" = mysql ]; then
		same '{"_id":1,"j":{"a":2}}'
	else
		told 'column j holds'
	fi
}

@test "JSON with an empty name" {
	t 'id INT PRIMARY KEY, j JSON'
	rows "(1, '{\"\":1}')"
	told 'has an empty name, which no field can have'
	expect_equal "$rc" 100
}

@test "columns with dollar and point in their names" {
	t 'id INT PRIMARY KEY, `$a` INT, `b.c` INT, j JSON'
	rows "(1, 2, 3, '{\"\$a\":[{\"b.c\":4}]}')"
	same '{"_id":1,"＄a":2,"b．c":3,"j":{"＄a":[{"b．c":4}]}}'
}

@test "a document that is too large" {
	t 'id INT PRIMARY KEY, v LONGTEXT'
	rows "(1, REPEAT('x', 17000000))"
	told "the document is larger than MongoDB's 16 MiB"
	expect_equal "$rc" 100
}

# --- Times ----------------------------------------------------------------

@test "zero and partial dates" {
	t 'id INT PRIMARY KEY, d DATE, dt DATETIME'
	rows "(1, '0000-00-00', '0000-00-00'), (2, '2026-00-15', '2026-02-00')"
	told '4 dates that no calendar has'
	same '{"_id":1,"d":null,"dt":null}' '{"_id":2,"d":null,"dt":null}'
}

@test "times beyond 24 hours" {
	t 'id INT PRIMARY KEY, v TIME(3)'
	rows "(1, '838:59:58.999'), (2, '-00:00:00.5')"
	same '{"_id":1,"v":"838:59:58.999"}' '{"_id":2,"v":"-00:00:00.500"}'
}

@test "the years 1000 and 9999" {
	t 'id INT PRIMARY KEY, a DATETIME(3), b DATETIME(3), y YEAR'
	rows "(1, '1000-01-01', '9999-12-31 23:59:59.999', 0)"
	same '{"_id":1,"a":-30610224000000T,"b":253402300799999T,"y":0}'
}

@test "microseconds, of which a date has three digits" {
	t 'id INT PRIMARY KEY, a DATETIME(6)'
	rows "(1, '2026-01-02 03:04:05.678999')"
	same '{"_id":1,"a":1767323045678T}'
}

@test "a change column without decimals: .6 is the next second" {
	t 'id INT PRIMARY KEY, v INT, updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY (updated_at)'
	do_ "INSERT INTO t VALUES (1, 1, '2025-12-31 23:59:59.6')"
	then_ "SET timestamp = FLOOR(@@timestamp) + 0.6;
	    INSERT INTO t VALUES (2, 2, NOW(6)); UPDATE t SET v = 3 WHERE id = 1"
	same '{"_id":1,"v":3}' '{"_id":2,"v":2}'
}

@test "equal times over the edge of a page" {
	from=(--page-size 2)
	t 'id INT PRIMARY KEY'
	rows '(1), (2), (3), (4), (5)'
	then_ "INSERT INTO t (id) VALUES (6), (7), (8), (9), (10)"
	same '{"_id":'{1,2,3,4,5,6,7,8,9,10}'}'
}

@test "a time in the future" {
	t 'id INT PRIMARY KEY'
	then_ "INSERT INTO t VALUES (2, NOW() + INTERVAL 1 DAY)"
	told 'a change time in the future'
}

@test "a change column that is NULL" {
	t 'id INT PRIMARY KEY, v INT, updated_at DATETIME NULL, KEY (updated_at)'
	do_ 'INSERT INTO t VALUES (1, 1, NULL)'
	then_ 'UPDATE t SET v = 2'
	verified
	told 'rows whose change column is NULL are read again in'
}

@test "a change column without ON UPDATE" {
	t 'id INT PRIMARY KEY, v INT, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (updated_at)'
	rows '(1, 1)'
	then_ 'UPDATE t SET v = 2'
	verified
	told 'the change column is set by the application alone'
}

@test "a change that leaves its time as it was" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 1)'
	then_ 'UPDATE t SET v = 2, updated_at = updated_at'
	verified
	told 'changes are found by the change column'
}

@test "a change column with times of creation only" {
	t 'id INT PRIMARY KEY, v INT, created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), updated_at INT'
	do_ 'INSERT INTO t (id, v) VALUES (1, 1)'
	then_ 'UPDATE t SET v = 2'
	verified
	told 'changes of old rows are not seen'
}

@test "no change column at all: all rows, each time" {
	t 'id INT PRIMARY KEY, v INT, updated_at INT'
	do_ 'INSERT INTO t VALUES (1, 1, 0)'
	then_ 'UPDATE t SET v = 2'
	same '{"_id":1,"v":2}'
	told 'there is no change column'
}

@test "DATETIME in a zone with daylight saving time" {
	export MYSQL_DATETIME_OFFSET=Europe/Berlin
	t 'id INT PRIMARY KEY, updated_at DATETIME'
	told 'zones with daylight saving time have no fixed one'
}

# --- Keys -----------------------------------------------------------------

@test "a key of several columns" {
	t 'b INT, a VARCHAR(9), PRIMARY KEY (a, b)'
	rows "(2, 'x'), (1, 'x')"
	same '{"_id":{"a":"x","b":1},"b":1,"a":"x"}' '{"_id":{"a":"x","b":2},"b":2,"a":"x"}'
}

@test "a DECIMAL key" {
	t 'k DECIMAL(20,2) PRIMARY KEY'
	rows '(12345678901234567.80), (-1)'
	same '{"_id":-1.00M,"k":-1.00M}' '{"_id":12345678901234567.80M,"k":12345678901234567.80M}'
}

@test "a BINARY key" {
	t 'k BINARY(4) PRIMARY KEY'
	rows "(X'FF00FE01')"
	same '{"_id":/wD+AQ==B,"k":/wD+AQ==B}'
}

@test "a DATETIME key" {
	t 'k DATETIME(6) PRIMARY KEY'
	rows "('2026-01-02 03:04:05.678901'), ('2026-01-02 03:04:05.678902')"
	same '{"_id":"2026-01-02T03:04:05.678901Z","k":1767323045678T}' \
	    '{"_id":"2026-01-02T03:04:05.678902Z","k":1767323045678T}'
}

@test "an ENUM key" {
	t "k ENUM('b','a') PRIMARY KEY"
	rows "('a'), ('b')"
	then_ "INSERT INTO t (k) VALUES ('')"
	same '{"_id":"","k":""}' '{"_id":"a","k":"a"}' '{"_id":"b","k":"b"}'
}

@test "NUL in a key" {
	t 'k VARCHAR(9) PRIMARY KEY'
	rows "(X'610062'), ('a')"
	same '{"_id":"a","k":"a"}' '{"_id":"a\u0000b","k":"a\u0000b"}'
}

@test "a key without regard to case: abc becomes ABC" {
	t 'k VARCHAR(9) PRIMARY KEY, v INT'
	rows "('abc', 1)"
	then_ "UPDATE t SET k = 'ABC'"
	verified
	told 'keys that differ in case only, or in how a letter is composed'
}

@test "spaces at the end of a key" {
	t 'k VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT'
	rows "('a ', 1), ('b', 2)"
	then_ "UPDATE t SET k = 'b  ' WHERE k = 'b'"
	verified
	told 'keys that differ in spaces at the end only are one'
}

@test "a changed key" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 1), (2, 2)'
	then_ 'UPDATE t SET id = 3 WHERE id = 1'
	verified
	told 'deleted rows are not seen'
}

@test "a table without a key" {
	t 'v INT'
	told 'has no primary key and no unique index'
}

@test "a view" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 2)'
	do_ 'RENAME TABLE t TO base; CREATE VIEW t AS SELECT * FROM base'
	told 'has no primary key and no unique index'
	from=(--key id)
	same '{"_id":1,"v":2}'
	told 'no unique index says that (id) identifies a row'
}

@test "a MyISAM table" {
	do_ "CREATE TABLE t (id INT PRIMARY KEY, v INT, $U) ENGINE=MyISAM"
	rows '(1, 2)'
	same '{"_id":1,"v":2}'
	told 'the table is not InnoDB'
}

# --- Rows that go, or change behind us ------------------------------------

@test "a deleted row" {
	t 'id INT PRIMARY KEY'
	rows '(1), (2)'
	then_ 'DELETE FROM t WHERE id = 1'
	verified
	told 'deleted rows are not seen'
}

@test "a foreign key that cascades" {
	do_ 'CREATE TABLE parent (id INT PRIMARY KEY); INSERT INTO parent VALUES (1)'
	t 'id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON UPDATE CASCADE'
	rows '(1, 1)'
	then_ 'UPDATE parent SET id = 2'
	verified
	told 'foreign keys change or delete rows without their'
}

@test "TRUNCATE, and rows of old times" {
	t 'id INT PRIMARY KEY'
	rows '(1), (2)'
	then_ 'TRUNCATE t; SET timestamp = 1; INSERT INTO t (id) VALUES (2), (3)'
	verified
	told 'it was rebuilt, emptied or made anew'
}

@test "a table made anew, with lower keys and older times" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(5, 5), (6, 6)'
	then_ "DROP TABLE t; CREATE TABLE t (id INT PRIMARY KEY, v INT, $U);
	    SET timestamp = 1; INSERT INTO t (id, v) VALUES (1, 1), (5, 7)"
	verified
	told 'it was rebuilt, emptied or made anew'
}

@test "DROP PARTITION" {
	do_ "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, $U) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))"
	rows '(1), (11)'
	then_ 'ALTER TABLE t DROP PARTITION a'
	verified
	told 'its partitions have changed'
}

@test "TRUNCATE PARTITION" {
	do_ "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, $U) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))"
	rows '(1), (11)'
	then_ 'ALTER TABLE t TRUNCATE PARTITION a; SET timestamp = 1; INSERT INTO t (id) VALUES (3)'
	verified
	told 'it was rebuilt, emptied or made anew'
}

# --- Columns --------------------------------------------------------------

@test "ADD COLUMN with a DEFAULT" {
	t 'id INT PRIMARY KEY'
	rows '(1)'
	then_ 'ALTER TABLE t ADD v INT DEFAULT 7'
	same '{"_id":1,"v":7}'
	told 'column v (int'
}

@test "ADD COLUMN where all rows are not to be read again" {
	from=(--on-drift go-on)
	t 'id INT PRIMARY KEY'
	rows '(1), (2)'
	then_ 'ALTER TABLE t ADD v INT DEFAULT 7; INSERT INTO t (id) VALUES (3)'
	verified 2
	told 'rows that changed with it are not read again'
}

@test "DROP COLUMN" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 2)'
	then_ 'ALTER TABLE t DROP v'
	same '{"_id":1}'
	told 'is gone'
}

@test "a column dropped and added again" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 2)'
	# All that shows it is the time of the change, in whole seconds.
	then_ 'ALTER TABLE t DROP v; ALTER TABLE t ADD v INT AFTER id'
	wait_until another_second
	same '{"_id":1,"v":null}'
	told 'it was altered, or made anew'
}

@test "columns dropped, and added again in another order" {
	t 'id INT PRIMARY KEY, v INT, w INT'
	rows '(1, 2, 3)'
	then_ 'ALTER TABLE t DROP v, DROP w; ALTER TABLE t ADD w INT, ADD v INT,
	    ADD KEY (v)'
	same '{"_id":1,"w":null,"v":null}'
	told 'its columns are in another order'
}

@test "RENAME COLUMN" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 2)'
	then_ 'ALTER TABLE t RENAME COLUMN v TO w'
	same '{"_id":1,"w":2}'
	told 'column v (int'
}

@test "a renamed column that a schema file names" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 2)'
	echo '{"x-source":{"table":"t"},"properties":{"_id":{"x-from":"id"},
	    "v":{"type":["integer","null"]}}}' >t.json
	transform=(-s t.json)
	then_ 'ALTER TABLE t RENAME COLUMN v TO w'
	told '~ v: the column v is gone, now of w (int'
	told 'the stream has no column \"v\"'
	expect_equal "$rc" 100
}

@test "MODIFY to a narrower type" {
	t 'id INT PRIMARY KEY, v VARCHAR(9)'
	rows "(1, 'abcdef')"
	then_ 'ALTER TABLE t MODIFY v VARCHAR(3)'
	same '{"_id":1,"v":"abc"}'
	told 'column v was varchar(9)'
}

@test "MODIFY to another sign" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, -5)'
	then_ 'ALTER TABLE t MODIFY v INT UNSIGNED'
	same '{"_id":1,"v":0L}'
	told 'column v was int'
}

@test "MODIFY to NOT NULL" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, NULL)'
	then_ 'ALTER TABLE t MODIFY v INT NOT NULL'
	same '{"_id":1,"v":0}'
	told 'column v was int'
}

@test "another scale of a DECIMAL" {
	t 'id INT PRIMARY KEY, v DECIMAL(10,4)'
	rows '(1, 1.2345)'
	then_ 'ALTER TABLE t MODIFY v DECIMAL(10,2)'
	same '{"_id":1,"v":1.23M}'
	told 'column v was decimal(10,4) and is decimal(10,2)'
}

@test "another order of an ENUM's values" {
	t "id INT PRIMARY KEY, v ENUM('a','b')"
	rows "(1, 'b')"
	then_ "ALTER TABLE t MODIFY v ENUM('b','c','a')"
	same '{"_id":1,"v":"b"}'
	told "column v was enum('a','b')"
}

@test "another character set" {
	t 'id INT PRIMARY KEY, v VARCHAR(9)'
	rows "(1, 'Ω')"
	then_ 'ALTER TABLE t CONVERT TO CHARACTER SET latin1'
	same '{"_id":1,"v":"?"}'
	told 'and is varchar(9) latin1'
}

@test "a generated column whose expression changes" {
	t 'id INT PRIMARY KEY, v INT AS (id + 1)'
	do_ 'INSERT INTO t (id) VALUES (1)'
	then_ 'ALTER TABLE t MODIFY v INT AS (id + 2)'
	same '{"_id":1,"v":3}'
	told 'column v was int'
}

@test "an invisible column" {
	t 'id INT PRIMARY KEY, v INT INVISIBLE'
	do_ 'INSERT INTO t (id, v) VALUES (1, 2)'
	same '{"_id":1,"v":2}'
}

@test "a change column from DATETIME to TIMESTAMP" {
	t 'id INT PRIMARY KEY, v INT, updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at)'
	rows '(1, 1)'
	then_ 'ALTER TABLE t MODIFY updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP; UPDATE t SET v = 2'
	same '{"_id":1,"v":2}'
	told 'column updated_at was datetime(6)'
}

@test "a dropped change column" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 1)'
	then_ 'ALTER TABLE t DROP updated_at'
	told 'the bookmark is about the change column updated_at, now none'
	expect_equal "$rc" 100
}

@test "another primary key" {
	t 'id INT PRIMARY KEY, v INT NOT NULL'
	rows '(1, 1)'
	then_ 'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, v)'
	told 'the key was (id), and is (id, v)'
	expect_equal "$rc" 100
}

@test "a key of another kind" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 1)'
	then_ 'ALTER TABLE t MODIFY id VARCHAR(9)'
	told 'its key is of another kind: column id was int'
	expect_equal "$rc" 100
}

@test "a dropped table" {
	t 'id INT PRIMARY KEY'
	rows '(1)'
	then_ 'DROP TABLE t'
	told 'there is no table t'
	expect_equal "$rc" 100
}

@test "another index, comment or default makes no difference" {
	t 'id INT PRIMARY KEY, v INT'
	rows '(1, 1)'
	then_ "ALTER TABLE t ADD KEY (v), COMMENT 'x', ALTER v SET DEFAULT 5"
	same '{"_id":1,"v":1}'
	expect_not_in said schema_drift
}
