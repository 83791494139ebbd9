# extract, by itself, against a real server.
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() {
	mysql_admin "DROP USER IF EXISTS 'plain'@'%', 'turn'@'%',
	    'topuser'@'%'"
	release_servers
}
setup() {
	cd_temp
	mysql_admin "DROP DATABASE \`$MYSQL_DATABASE\`; CREATE DATABASE
	    \`$MYSQL_DATABASE\` DEFAULT CHARACTER SET utf8mb4"
	export SYNC_MAX_RETRIES=3 SYNC_RETRY_DELAY=1
}
teardown() {
	[ -z "${pids-}" ] || kill $pids 2>/dev/null || true
}

# rows FILE: how many records it holds.
rows() {
	grep -c '^{"type":"RECORD"' "$1" || true
}

# ids FILE [COLUMN]: the values of a column in the records, in order.
ids() {
	jq -r --arg c "${2-id}" 'select(.type == "RECORD").record[$c]' "$1" |
	    paste -sd ' '
}

# states: the values of the STATEs in ./out, as load writes them. (Not by jq,
# which rounds large numbers.)
states() {
	sed -n 's/^{"type":"STATE","value":\(.*\),"records":[0-9]*}$/\1/p' out
}

# keep_state FILE: the last of them.
keep_state() {
	states | tail -n 1 >"$1"
}

# records FILE: the rows alone.
records() {
	sed -n 's/^{"type":"RECORD".*,"record":\(.*\)}$/\1/p' "$1"
}

# conserved FILE: each STATE counts the records since the one before, and one
# ends the stream.
conserved() {
	jq -es 'reduce .[] as $m ({n: 0, ok: true, last: ""};
	    .last = $m.type | if $m.type == "RECORD" then .n += 1
	    elif $m.type == "STATE" then .ok = (.ok and $m.records == .n) |
	    .n = 0 else . end) | .ok and .n == 0 and .last == "STATE"' \
	    "$1" >/dev/null || fail "the STATEs of $1 don't count its records"
}

# sequence N: SQL for the numbers 1 to N, as s.n.
sequence() {
	printf '(SELECT d1.n + 10*d2.n + 100*d3.n + 1000*d4.n + 1 AS n FROM '
	for d in d1 d2 d3 d4; do
		[ $d = d1 ] || printf ' JOIN '
		printf '(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 '
		printf 'UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL '
		printf 'SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION '
		printf 'ALL SELECT 8 UNION ALL SELECT 9) %s' $d
	done
	printf ' HAVING n <= %d) s' "$1"
}

# orders_table [TYPE]: a table with an old row, id 1.
orders_table() {
	local type=${1-TIMESTAMP(6)} precision

	precision=$(sed -n 's/.*\((.)\)/\1/p' <<<"$type")
	mysql_q "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id INT
	    PRIMARY KEY, note VARCHAR(100), updated_at $type NOT NULL DEFAULT
	    CURRENT_TIMESTAMP$precision ON UPDATE
	    CURRENT_TIMESTAMP$precision, KEY changed (updated_at, id));
	    INSERT INTO orders VALUES (1, 'first', '2026-01-02 03:04:05')"
}

# background COMMAND...: to be ended with the test.
background() {
	"$@" 3>&- &
	pids="${pids-} $!"
}

# --- Values ---------------------------------------------------------------

@test "every column type, with its extremes" {
	dir=$ROOT/tests/golden/extract/types
	for f in in.sql "in.$MILLRACE_SOURCE.sql"; do
		mysql_q "$(cat "$dir/$f")"
	done
	run_stage extract numbers times texts documents only
	expect_status 0
	conserved out
	sed -E 's/"pos":\[[0-9]*/"pos":[0/; s/"epoch":[0-9]*/"epoch":0/g
	    s/,"definition":\{"columns":\{[^}]*\}[^}]*\}//g' out >got
	if [ -n "${UPDATE-}" ]; then
		cp got "$dir/out.$MILLRACE_SOURCE"
	fi
	expect_same got "$dir/out.$MILLRACE_SOURCE"
	expect_in err '12 dates that no calendar has'
}

@test "doubles and floats come back to the same bits" {
	mysql_q "CREATE TABLE reals (id INT PRIMARY KEY, d DOUBLE, f FLOAT);
	    INSERT INTO reals SELECT n, (RAND(1) - 0.5) * POW(10,
	    n MOD 600 - 300), (RAND(2) - 0.5) * POW(10, n MOD 60 - 30)
	    FROM $(sequence 3000)"
	run_stage extract reals
	expect_status 0
	expect_equal "$(rows out)" 3000
	python3 - out >sql <<-'P'
	import json, struct, sys
	for line in open(sys.argv[1]):
	    m = json.loads(line)
	    if m["type"] == "RECORD":
	        r = m["record"]
	        # A FLOAT survives the way through one.
	        f = struct.unpack("f", struct.pack("f", r["f"]))[0]
	        assert f == r["f"], r
	        print("SELECT id FROM reals WHERE id = %d AND (d <> %s OR f <> "
	              "%s);" % (r["id"], "%.17e" % r["d"], "%.17e" % f))
	P
	expect_equal "$(mysql_q "$(cat sql)")" ""

	# A zero keeps its sign, where the server does.
	mysql_q "INSERT INTO reals VALUES (0, '-0', '-0')"
	run_stage extract --where 'id = 0' reals
	expect_in out "\"d\":$(mysql_q "SELECT d FROM reals WHERE id = 0"),"
	expect_in out "\"f\":$(mysql_q "SELECT f FROM reals WHERE id = 0")}"
}

@test "geometries are as the server's own GeoJSON" {
	mysql_q "CREATE TABLE places (id INT PRIMARY KEY, g GEOMETRY);
	    INSERT INTO places SELECT n, ST_GeomFromText(CONCAT('POLYGON((0 0,',
	    n, '.25 0,', n, '.25 ', n / 8, ', 0 ', n / 8, ',0 0))'))
	    FROM $(sequence 50)"
	run_stage extract places
	expect_status 0
	jq -cS 'select(.type == "RECORD").record.g' out >got
	mysql_q 'SELECT ST_AsGeoJSON(g) FROM places ORDER BY id' | jq -cS . \
	    >wanted
	expect_same got wanted
}

@test "names that need quotes everywhere" {
	mysql_q 'CREATE TABLE `o``d"d, ü` (`i``d` INT, `na"me` TEXT,
	    `upd\at` TIMESTAMP NOT NULL DEFAULT "2026-01-01",
	    PRIMARY KEY (`i``d`), KEY `k``y` (`upd\at`));
	    INSERT INTO `o``d"d, ü` VALUES (1, "x", "2026-01-01"),
	    (2, "y", "2026-01-02")'
	run_stage extract --change 'upd\at' --since 2026-01-01 -- 'o`d"d, ü'
	expect_status 0
	expect_equal "$(ids out 'i`d')" "1 2"
	expect_equal "$(jq -r 'select(.type == "RECORD").stream' out |
	    sort -u)" 'o`d"d, ü'
	keep_state state
	run_stage extract --change 'upd\at' --state state 'o`d"d, ü'
	expect_status 0
	expect_equal "$(rows out)" 0
}

@test "--zero-dates: null, string, reject" {
	orders_table DATETIME
	mysql_q "SET sql_mode=''; ALTER TABLE orders ADD d DATE;
	    UPDATE orders SET d = '2026-00-15', updated_at = updated_at"
	run_stage extract orders
	expect_equal "$(jq -c 'select(.type == "RECORD").record.d' out)" null
	expect_in err '1 dates that no calendar has'
	run_stage extract --zero-dates string orders
	expect_status 0
	expect_equal "$(jq -r 'select(.type == "RECORD").record.d' out)" \
	    2026-00-15
	expect_not_in out '"format":"date'
	run_stage extract --zero-dates reject orders
	expect_status 100
	conserved out
	expect_match err "column d holds a date that .* CRC32\(\`id\`\) = "
	where=$(sed -n 's/.*in the row WHERE \(.*\); correct.*/\1/p' err)
	expect_equal "$(mysql_q "SELECT id FROM orders WHERE $where")" 1
	expect_not_in err 2026-00-15

	# A key never becomes null.
	mysql_q "SET sql_mode=''; CREATE TABLE days (d DATE PRIMARY KEY);
	    INSERT INTO days VALUES ('0000-00-00')"
	run_stage extract days
	expect_status 100
	expect_in err 'or use --zero-dates string'
	run_stage extract --zero-dates string days
	expect_equal "$(ids out d)" 0000-00-00
}

@test "--on-bad-text: stop, replace" {
	[ "$MILLRACE_SOURCE" = mariadb ] || skip "MySQL has a type of its own"
	mysql_q "CREATE TABLE docs (id INT PRIMARY KEY, j JSON);
	    INSERT INTO docs VALUES (1, '{\"a\":1}'),
	    (2, '{\"a\":1, \"a\":2}'), (3, CONCAT(REPEAT('[', 31),
	    REPEAT(']', 31))), (4, '[1 ,2]')"
	run_stage extract docs
	expect_status 100
	expect_in err 'column j holds JSON that has a key twice'
	expect_equal "$(rows out)" 1
	conserved out
	run_stage extract --on-bad-text replace docs
	expect_status 0
	expect_equal "$(jq -c 'select(.type == "RECORD").record.j' out |
	    sed -n '1,2p;4p' | paste -sd ' ')" \
	    '{"a":1} "{\"a\":1, \"a\":2}" [1,2]'
	expect_in err '1 broken texts or JSON values'
}

# --- Bookmarks ------------------------------------------------------------

@test "a first run, then only what has changed" {
	orders_table
	mysql_q "INSERT INTO orders (id, updated_at) SELECT n,
	    '2026-01-03 00:00:00' FROM $(sequence 30) WHERE n > 1"
	run_stage extract --page-size 7 --state state orders
	expect_status 0
	expect_in err 'a first run'
	expect_equal "$(rows out)" 30
	conserved out
	keep_state state

	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(rows out)" 0
	conserved out

	# Changed, and read at once.
	mysql_q "UPDATE orders SET note = 'x' WHERE id IN (3, 4);
	    INSERT INTO orders (id) VALUES (31)"
	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(ids out)" "3 4 31"
	keep_state state
	run_stage extract --state state orders
	expect_equal "$(rows out)" 0
}

@test "what was just changed is waited for, to the second too" {
	orders_table TIMESTAMP
	run_stage extract orders
	keep_state state
	for i in 2 3 4; do
		mysql_q "INSERT INTO orders (id) VALUES ($i)"
		run_stage extract --state state orders
		expect_equal "$(ids out)" "$i"
		keep_state state
	done
}

@test "equal times across the edges of pages" {
	orders_table TIMESTAMP
	run_stage extract --since 2026-01-01 orders
	keep_state state
	mysql_q "INSERT INTO orders (id, updated_at) SELECT n + 1,
	    '2026-02-01 00:00:00' + INTERVAL (n DIV 20) SECOND
	    FROM $(sequence 100)"
	for size in 1 3 20 21 100; do
		run_stage extract --page-size $size --state state orders
		expect_status 0
		expect_equal "$(ids out)" "$(seq -s ' ' 2 101)"
		conserved out
	done

	# Every place to stop at is one to go on from.
	run_stage extract --page-size 9 --state state orders
	states >states
	n=0
	while read -r line; do
		n=$((n + 9))
		[ $n -lt 100 ] || break
		echo "$line" >part
		extract --state part orders 2>err >rest
		expect_equal "$(ids rest)" "$(seq -s ' ' $((n + 2)) 101)"
	done <states
}

@test "keys of every type, page by page" {
	n=0
	while IFS='|' read -r type values; do
		n=$((n + 1))
		mysql_q "SET sql_mode=''; CREATE TABLE k$n (k $type NOT NULL,
		    part INT NOT NULL, updated_at TIMESTAMP NOT NULL DEFAULT
		    '2026-01-01', PRIMARY KEY (k, part), KEY (updated_at));
		    INSERT INTO k$n (k, part) SELECT v, n FROM (SELECT
		    ${values//;/ AS v UNION ALL SELECT }) x JOIN
		    (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) y"
		wanted=$(mysql_q "SELECT COUNT(*) FROM k$n")
		# By key, then by change time and key.
		run_stage extract --zero-dates string --page-size 2 k$n
		expect_status 0
		expect_equal "$type: $(rows out)" "$type: $wanted"
		records out | sort >by_key
		expect_equal "$(sort -u by_key | wc -l)" "$wanted"
		run_stage extract --zero-dates string --page-size 2 \
		    --since 2026-01-01 k$n
		records out | sort >by_change
		expect_same by_change by_key
		# From each bookmark on, in both orders.
		for how in --full "--since 2026-01-01"; do
			run_stage extract --zero-dates string \
			    --page-size 2 $how k$n
			states | sed -n 2p >state
			records out | head -n 4 >seen
			extract --zero-dates string --page-size 2 \
			    --state state k$n >rest 2>err
			records rest >>seen
			expect_same <(sort seen) by_key
		done
		mysql_q "DROP TABLE k$n"
	done <<-'E'
	BIGINT|-9223372036854775808;0;5;9223372036854775807
	BIGINT UNSIGNED|0;9223372036854775808;18446744073709551615
	INT(6) UNSIGNED ZEROFILL|1;42;999999
	DECIMAL(40,10)|-1.5;0;123456789012345678901234567890.0123456789
	DOUBLE|-1e300;0.1;0.30000000000000004;1e300
	FLOAT|-1.5;0.1;8388609;16777216
	VARCHAR(20)|'';' a';'abc';'ABD';'é';'ü';'😀';'q''"\\\\'
	VARCHAR(20) CHARACTER SET latin1|'abc';'é';'ü';'€'
	VARCHAR(20) COLLATE utf8mb4_bin|'B';'a';'b';'é'
	CHAR(4) CHARACTER SET utf16|'a';'b';'é'
	VARBINARY(20)|X'00';X'0001';X'27';X'FF00';X'FFFF'
	BINARY(3)|X'000000';X'270022';X'FFFFFF'
	DATE|'1000-01-01';'2026-02-28';'9999-12-31';'0000-00-00';'2026-00-00'
	DATETIME(3)|'1000-01-01';'2026-02-28 01:02:03.004';'0000-00-00'
	TIMESTAMP(6)|'1970-01-01 00:00:01';'2026-02-28 01:02:03.000004'
	TIME(2)|'-838:59:59';'00:00:00';'12:00:00.25'
	YEAR|1901;2026;2155;0
	BIT(10)|0;1;1023
	ENUM('z','a','it''s','é','')|'z';'a';'it''s';'é'
	SET('z','a','it''s')|'';'z';'a';'z,a';'it''s';'z,a,it''s'
	E
}

@test "a NULL or zero change time: with the first run, then now and then" {
	mysql_q "SET sql_mode=''; CREATE TABLE n (id INT PRIMARY KEY,
	    updated_at TIMESTAMP NULL, KEY (updated_at)); INSERT INTO n VALUES
	    (1, NULL), (2, '2026-01-01'), (3, '0000-00-00')"
	run_stage extract n
	expect_status 0
	expect_equal "$(ids out)" "1 2 3"
	expect_equal "$(jq -r 'select(.type == "RECORD") | .id, .at' out |
	    grep -c null)" 5
	keep_state state
	mysql_q "SET sql_mode=''; INSERT INTO n VALUES (4, NULL),
	    (5, '0000-00-00'), (6, NOW())"
	run_stage extract --state state n
	expect_equal "$(ids out)" "6"
	run_stage extract --state state --nulls 0 --page-size 1 n
	expect_status 0
	conserved out
	expect_equal "$(ids out)" "6 1 4 3 5"
}

@test "an open transaction holds the bound" {
	orders_table
	run_stage extract orders
	keep_state state
	mkfifo sql
	exec 4<>sql
	MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults --skip-ssl \
	    --protocol=tcp -h "$MYSQL_HOST" -P "$MYSQL_PORT" -u "$MYSQL_USER" \
	    "$MYSQL_DATABASE" <&4 >/dev/null 3>&- 4>&- &
	pids="${pids-} $!"
	echo "BEGIN; INSERT INTO orders (id) VALUES (10);" >&4
	sleep 2
	mysql_q "INSERT INTO orders (id) VALUES (11)"
	run_stage extract --settle 500ms --state state orders
	expect_status 0
	expect_equal "$(rows out)" 0
	expect_match err "held back by connection [0-9]+ of user $MYSQL_USER"
	keep_state state
	echo "COMMIT; EXIT" >&4
	exec 4>&-
	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(ids out)" "10 11"
}

@test "a transaction that MySQL can't list doesn't blind us" {
	orders_table
	run_stage extract orders
	keep_state state
	background mysql_q "BEGIN; INSERT INTO orders (id) VALUES (10);
	    SELECT SLEEP(3), '😀'; COMMIT" >/dev/null
	sleep 2
	mysql_q "INSERT INTO orders (id) VALUES (11)"
	run_stage extract --settle 200ms --state state orders
	expect_status 0
	expect_equal "$(rows out)" 0
	expect_in err "held back by connection"
}

# session NAME: a client whose statements go to the fifo NAME.sql and whose
# answers come to NAME.out; it ends with the last writer.
session() {
	mkfifo "$1.sql"
	MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults --skip-ssl -N \
	    --unbuffered --protocol=tcp -h "$MYSQL_HOST" -P "$MYSQL_PORT" \
	    -u "$MYSQL_USER" "$MYSQL_DATABASE" <"$1.sql" >"$1.out" 3>&- &
	pids="${pids-} $!"
}

# waiting N SECONDS: wait until N statements have waited so long for a table.
waiting() {
	wait_until eval "[ $1 = \"\$(mysql_q \"SELECT COUNT(*)
	    FROM information_schema.PROCESSLIST WHERE TIME >= $2 AND
	    STATE LIKE 'Waiting for table%'\")\" ]"
}

@test "--follow: a transaction that waited for its table isn't overlooked" {
	orders_table
	background extract --follow 50ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	session a
	session b
	exec 4>a.sql 5>b.sql
	echo "LOCK TABLES orders WRITE; SELECT 'locked';" >&4
	wait_until grep -q locked a.out
	echo "BEGIN; INSERT INTO orders (id) VALUES (10); SELECT 'in';" >&5

	# Its row has its time now, and its transaction begins much later: when
	# one that waited behind it is there and over at once.
	waiting 1 1
	background mysql_q "INSERT INTO orders (id) VALUES (11)"
	waiting 2 3
	echo "UNLOCK TABLES;" >&4
	wait_until grep -q in b.out
	sleep 2
	expect_equal "$(ids out)" 1
	echo "COMMIT;" >&5
	exec 4>&- 5>&-
	wait_until grep -q '"id":11,' out
	kill -TERM $pid
	wait $pid || true
	conserved out
	expect_equal "$(ids out)" "1 10 11"
}

# MariaDB's list of connections counts anew with each of them; a single other
# start, within some seconds, would not be believed.
@test "--follow: statements of a function don't hide how old theirs is" {
	local n=12

	[ "$MILLRACE_SOURCE" = mysql ] || n=30
	orders_table
	mysql_q $'\nDELIMITER //\nCREATE FUNCTION late() RETURNS INT NO SQL
	    BEGIN DECLARE i INT DEFAULT '$n$'; WHILE i > 0 DO SET i = i - 1;
	    DO SLEEP(0.3); END WHILE; RETURN 10; END//'
	background extract --follow 50ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	background mysql_q "INSERT INTO orders (id) SELECT late()"
	inserts=$!
	wait_until eval "[ 1 = \"\$(mysql_q \"SELECT COUNT(*)
	    FROM information_schema.PROCESSLIST WHERE
	    INFO = 'DO SLEEP(0.3)'\")\" ]"
	mysql_q "INSERT INTO orders (id) VALUES (11)"
	wait $inserts
	mysql_q "INSERT INTO orders (id) VALUES (12)"
	wait_until grep -q '"id":12,' out
	kill -TERM $pid
	wait $pid || true
	expect_equal "$(ids out | tr ' ' '\n' | sort -n | paste -sd' ')" \
	    "1 10 11 12"
}

@test "--follow: a connection that is always busy holds nothing up for long" {
	orders_table
	background extract --follow 50ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	session busy
	background sh -c 'exec yes "SELECT SLEEP(0.05);" >busy.sql'
	yes=$!
	wait_until [ -s busy.out ]
	mysql_q "INSERT INTO orders (id) VALUES (10)"
	wait_until grep -q '"id":10,' out
	kill $yes $pid
	wait $pid || true
}

# points: the guarantees that --check --json has found, in a line.
points() {
	jq -r 'select(.point == "guarantee") | .text' out |
	    sed -E 's/^best effort \((.*)\):.*/\1/; s/^exact,.*/exact/' |
	    sort | paste -sd' '
}

@test "--report: who holds the bound back for long" {
	orders_table
	session a
	exec 4>a.sql
	echo "BEGIN; INSERT INTO orders (id) VALUES (7); SELECT 'in';" >&4
	wait_until grep -q in a.out
	background extract --report --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"barrier_age_seconds":[0-9.]*,"connection":' err
	echo "COMMIT;" >&4
	exec 4>&-
	wait_until grep -q 'nothing holds back' err
	kill -TERM $pid
	wait $pid || true
}

# guarantees: what the guarantee was held down by, each time all was told.
guarantees() {
	jq -rs '[.[] | select(.operation == "guarantee").code] |
	    join(" ") | gsub(" ?checked ?"; "|") | gsub("change_column ?"; "")' \
	    "$1"
}

# anew STATEMENT: what is granted to "turn"; it counts for new connections.
anew() {
	mysql_admin "$1"
	mysql_admin "KILL $(mysql_q "SELECT ID FROM
	    information_schema.PROCESSLIST WHERE USER = 'turn'")"
}

@test "--follow: what the bound comes to lack is told when it does" {
	orders_table
	mysql_admin "DROP USER IF EXISTS 'turn'@'%';
	    CREATE USER 'turn'@'%' IDENTIFIED BY 'secret';
	    GRANT SELECT ON \`$MYSQL_DATABASE\`.* TO 'turn'@'%';
	    GRANT PROCESS ON *.* TO 'turn'@'%'"
	session a
	exec 4>a.sql
	MYSQL_USER=turn MYSQL_PASSWORD=secret background extract --report \
	    --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	expect_equal "$(guarantees err)" "|"

	# The list has gaps for a while, and what is open then counts later.
	echo "BEGIN; INSERT INTO orders (id) VALUES (7); SELECT 'in';" >&4
	wait_until grep -q in a.out
	mysql_admin "SET GLOBAL innodb_status_output_locks = ON"
	wait_until eval '[ "$(guarantees err)" = "|plain_bound|" ]'
	mysql_admin "SET GLOBAL innodb_status_output_locks = OFF"
	wait_until eval '[ "$(guarantees err)" = "|plain_bound|open_before|" ]'
	expect_equal "$(grep -c 'has gaps .*; best effort' err)" 1
	expect_not_in err 'none is overlooked from now on'
	echo "COMMIT;" >&4
	exec 4>&-
	wait_until eval '[ "$(guarantees err)" = "|plain_bound|open_before||" ]'
	expect_equal "$(grep -c 'none is overlooked from now on' err)" 1

	# What was granted counts until the connection is a new one.
	anew "REVOKE PROCESS ON *.* FROM 'turn'@'%'"
	wait_until eval '[ "$(guarantees err)" = \
	    "|plain_bound|open_before||no_process_privilege|" ]'
	expect_equal "$(grep -c 'lacks the privilege PROCESS.*; best' err)" 1
	anew "GRANT PROCESS ON *.* TO 'turn'@'%'"
	wait_until eval '[ "$(guarantees err)" = \
	    "|plain_bound|open_before||no_process_privilege||" ]'
	kill -TERM $pid
	wait $pid || true
	conserved out
}

@test "--report: a definition that changes in between is looked at again" {
	orders_table
	background extract --report --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	mysql_q "ALTER TABLE orders MODIFY updated_at TIMESTAMP(6) NULL"
	wait_until eval '[ "$(guarantees err)" = "|no_on_update null_times|" ]'
	kill -TERM $pid
	wait $pid || true
}

@test "what a run without PROCESS has left open counts in the next" {
	orders_table
	mysql_admin "DROP USER IF EXISTS 'plain'@'%';
	    CREATE USER 'plain'@'%' IDENTIFIED BY 'secret';
	    GRANT SELECT ON \`$MYSQL_DATABASE\`.* TO 'plain'@'%'"
	session a
	exec 4>a.sql
	echo "BEGIN; INSERT INTO orders (id) VALUES (7); SELECT 'in';" >&4
	wait_until grep -q in a.out
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract orders
	keep_state state
	expect_in state '"guessed":true'
	run_stage extract --report --state state orders
	expect_equal "$(guarantees err)" "open_before|"
	echo "COMMIT;" >&4
	exec 4>&-
	keep_state state
	run_stage extract --report --state state orders
	expect_equal "$(guarantees err)" "|"
	keep_state state
	expect_not_in state guessed
}

# replica begin|end: apply what another server has written; there is none.
replica() {
	case $MILLRACE_SOURCE-$1 in
	mysql-begin) mysql_admin "CHANGE REPLICATION SOURCE TO
	    SOURCE_HOST='127.0.0.1', SOURCE_PORT=1;
	    START REPLICA SQL_THREAD" ;;
	mysql-end) mysql_admin "STOP REPLICA; RESET REPLICA ALL" ;;
	mariadb-begin) mysql_admin "CHANGE MASTER TO
	    MASTER_HOST='127.0.0.1', MASTER_PORT=1;
	    START SLAVE SQL_THREAD" ;;
	mariadb-end) mysql_admin "STOP SLAVE; RESET SLAVE ALL" ;;
	esac
}

@test "--check: the guarantee, with its reasons, and who holds the bound" {
	orders_table
	mysql_q "CREATE TABLE poor (k VARCHAR(9) COLLATE utf8mb4_general_ci
	    PRIMARY KEY, o INT, updated_at DATETIME, FOREIGN KEY (o) REFERENCES
	    orders (id) ON DELETE CASCADE); SET GLOBAL time_zone = '+01:00'"
	session a
	exec 4>a.sql
	echo "BEGIN; INSERT INTO orders (id) VALUES (7); SELECT 'in';" >&4
	wait_until grep -q in a.out
	run_stage extract --check --json orders
	expect_status 0
	expect_equal "$(points)" exact
	expect_match out '"bound","text":"held back by connection [0-9]* of '
	run_stage extract --check --json poor
	expect_equal "$(points)" \
	    "cascades datetime_zone folded_key no_on_update null_times\
 padded_key"
	run_stage extract --report poor
	mysql_q "SET GLOBAL time_zone = 'SYSTEM'"
	exec 4>&-
	expect_status 0
	expect_in err '"code":"cascades"'
	replica begin
	run_stage extract --check --json orders
	replica end
	expect_equal "$(points)" replica
}

@test "--state: one at a time, for a table and a file" {
	orders_table
	background extract --follow 50ms --state state orders >out.1 2>err.1
	pid=$!
	wait_until grep -q '"id":1,' out.1
	run_stage extract --state state orders
	expect_status 111
	expect_match err 'another extract reads it for .* already \(connection'
	run_stage extract --state other orders
	expect_status 0
	run_stage extract orders
	expect_status 0

	# A connection that breaks takes its lock along, and comes back for it.
	run_stage extract --state state orders
	id=$(grep -o 'connection [0-9]*' err | cut -d' ' -f2)
	mysql_q "KILL $id"
	mysql_q "INSERT INTO orders (id) VALUES (2)"
	wait_until grep -q '"id":2,' out.1
	run_stage extract --state state orders
	expect_status 111
	kill -9 $pid
	wait $pid || true
	run_stage extract --state state orders
	expect_status 0
}

@test "without PROCESS: best effort, and it says so" {
	orders_table
	mysql_q "DROP USER IF EXISTS 'plain'@'%'; CREATE USER 'plain'@'%'
	    IDENTIFIED BY 'secret'; GRANT SELECT ON \`$MYSQL_DATABASE\`.* TO
	    'plain'@'%'; INSERT INTO orders (id) VALUES (2)"
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --lag 2s \
	    --since 2026-01-01 orders
	expect_status 0
	expect_equal "$(ids out)" "1 2"
	expect_in err 'best effort'
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --check orders
	expect_status 0
	expect_match out '^warn  PROCESS privilege'
}

@test "who may only read is told of cascades, and of a missing default" {
	orders_table
	mysql_q "CREATE TABLE parts (id INT PRIMARY KEY, o INT,
	    updated_at TIMESTAMP(6) NOT NULL DEFAULT '2026-01-01'
	    ON UPDATE CURRENT_TIMESTAMP(6) COMMENT 'isn\\'t ON DELETE CASCADE',
	    KEY (updated_at), FOREIGN KEY (o) REFERENCES orders (id)
	    ON DELETE SET NULL);
	    CREATE TABLE told (id INT PRIMARY KEY, updated_at TIMESTAMP(6)
	    NOT NULL DEFAULT NOW(6) ON UPDATE NOW(6) COMMENT
	    'isn\\'t ON DELETE CASCADE', KEY (updated_at));
	    DROP USER IF EXISTS 'plain'@'%';
	    CREATE USER 'plain'@'%' IDENTIFIED BY 'secret';
	    GRANT SELECT ON \`$MYSQL_DATABASE\`.* TO 'plain'@'%';
	    GRANT PROCESS ON *.* TO 'plain'@'%'"
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --report parts
	expect_equal "$(codes)" "cascades change_column checked no_default"
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --check parts
	expect_match out '^warn    DEFAULT '
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --report told
	expect_equal "$(codes)" "change_column checked"

	# Who may not even see the definition can't know, on MariaDB.
	mysql_q "REVOKE SELECT ON \`$MYSQL_DATABASE\`.* FROM 'plain'@'%';
	    GRANT SELECT (id, updated_at) ON told TO 'plain'@'%'"
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --report told
	case $MILLRACE_SOURCE in
	mysql) expect_equal "$(codes)" "change_column checked" ;;
	*) expect_equal "$(codes)" "change_column checked definition_hidden" ;;
	esac
}

@test "--follow: rows that come to be in the future are told of, too" {
	orders_table
	background extract --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"id":1,' out
	mysql_q "INSERT INTO orders VALUES (2, 'x', '2037-01-01')"
	wait_until grep -q 'in the future, up to 2037-01-01' err
	kill -TERM $pid
	wait $pid || true
}

@test "rows in the future are delayed, and told of" {
	orders_table
	mysql_q "INSERT INTO orders VALUES (2, 'x', '2037-01-01')"
	run_stage extract orders
	expect_status 0
	expect_equal "$(ids out)" 1
	expect_in err 'in the future, up to 2037-01-01 00:00:00.000000'
}

@test "a bookmark from the future is wound back" {
	orders_table
	run_stage extract --since 2026-01-01 orders
	keep_state state
	sed -i 's/"replication_key_value":"2026/"replication_key_value":"2036/' \
	    state
	run_stage extract --state state orders
	expect_status 0
	expect_in err "the server's clock has gone back"
}

@test "a clock that went back between two runs is noticed" {
	orders_table
	run_stage extract orders
	keep_state state
	mysql_q "INSERT INTO orders VALUES (2, 'x', NOW(6) -
	    INTERVAL 5 MINUTE), (3, 'x', NOW(6) - INTERVAL 15 MINUTE)"
	cp state before
	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(rows out)" 0

	# As much later by our clock, and not by the server's.
	up=$(grep -o '"up":[0-9]*' before | cut -d: -f2)
	sed "s/\"up\":$up/\"up\":$((up - 600000000))/" before >state
	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(ids out)" 2
	expect_in err "the server's clock has gone back"
	expect_in err '"code":"clock_back"'

	# Where our own clock began anew, only the server's can tell.
	sed 's/"boot":"..../"boot":"----/' before >state
	run_stage extract --state state orders
	expect_status 0
	expect_equal "$(rows out)" 0
}

@test "each start has a larger epoch than the one before" {
	orders_table
	run_stage extract orders
	first=$(jq 'select(.type == "RECORD").pos[0]' out)
	keep_state state
	sed -i "s/\"epoch\":$first/\"epoch\":4000000000000000/" state
	mysql_q "UPDATE orders SET note = 'y'"
	run_stage extract --state state orders
	expect_equal "$(jq -c 'select(.type == "RECORD").pos' out)" \
	    '[4000000000000001,1]'
}

@test "several tables: one after another, bookmarks together" {
	orders_table
	mysql_q "CREATE TABLE plain (id INT PRIMARY KEY);
	    INSERT INTO plain VALUES (1), (2)"
	echo '{"bookmarks":{"others":{"x":[1, 2]}},"mine":{"a":1}}' >state
	SYNC_TABLES='orders, plain' run_stage extract --state state
	expect_status 0
	conserved out
	expect_equal "$(jq -r 'select(.type == "SCHEMA").stream' out |
	    paste -sd ' ')" "orders plain"
	keep_state state
	expect_equal "$(jq -c '[.bookmarks | keys[]], .bookmarks.others, .mine' \
	    state | paste -sd ' ')" \
	    '["orders","others","plain"] {"x":[1,2]} {"a":1}'

	# Without a change column each run reads all.
	run_stage extract --state state orders plain
	expect_equal "$(rows out)" 2
	expect_in err 'no change column'
}

@test "an interrupted first run goes on where it was" {
	orders_table
	mysql_q "INSERT INTO orders (id, updated_at) SELECT n, '2026-01-03'
	    FROM $(sequence 40) WHERE n > 1"
	run_stage extract --page-size 10 orders
	states | sed -n 2p >state
	mysql_q "UPDATE orders SET note = 'late' WHERE id = 5"
	run_stage extract --page-size 10 --state state orders
	expect_status 0
	expect_equal "$(ids out)" "$(seq -s ' ' 21 40) 5"
	# --full begins again.
	run_stage extract --full --state state orders
	expect_equal "$(rows out)" 40
}

@test "no index on the change column: through the key, all the same" {
	orders_table
	mysql_q "ALTER TABLE orders DROP KEY changed; INSERT INTO orders
	    (id, updated_at) SELECT n, '2026-01-03' + INTERVAL n SECOND
	    FROM $(sequence 30) WHERE n > 1"
	run_stage extract --page-size 4 orders
	expect_in err 'no index over (updated_at, id)'
	expect_equal "$(rows out)" 30
	keep_state state
	mysql_q "UPDATE orders SET note = 'x' WHERE id IN (20, 3)"
	run_stage extract --page-size 1 --state state orders
	expect_status 0
	conserved out
	expect_equal "$(ids out)" "3 20"
	keep_state state
	run_stage extract --state state orders
	expect_equal "$(rows out)" 0
}

@test "state files: missing, empty, broken, of another change column" {
	orders_table
	run_stage extract --state nowhere orders
	expect_status 0
	for text in '' '
	' '{' '[]' 'null' '{}' '{"bookmarks":[]}' '{"bookmarks":{}' \
	    '{"bookmarks":{"orders":1}}' '{"bookmarks":{"orders":{}}}' \
	    '{"bookmarks":{"orders":{"replication_key":"updated_at"}}}' \
	    '{"bookmarks":{"orders":{"replication_key":"updated_at",
	    "replication_key_value":"yesterday"}}}' \
	    '{"bookmarks":{"orders":{"replication_key":"updated_at",
	    "replication_key_value":"2026-01-01T00:00:00Z","epoch":-1}}}' \
	    '{"bookmarks":{"orders":{"replication_key":"created_at",
	    "replication_key_value":"2026-01-01T00:00:00Z"}}}' \
	    '{"bookmarks":{"orders":{"replication_key":"updated_at","scan":
	    {"to":"2026-01-01T00:00:00Z","key":["x"]}}}}'; do
		printf '%s' "$text" >state
		run_stage extract --state state orders
		expect_status 100
		expect_equal "$text: $(rows out)" "$text: 0"
		[ -s err ] || fail "no message for $text"
	done

	# By hand, and in several lines, the last of which counts.
	echo '{"bookmarks":{"orders":{"replication_key":"updated_at",
	    "replication_key_value":"2026-01-02T03:04:05Z"}}}' >state
	run_stage extract --state state orders
	expect_equal "$(ids out)" 1
	{ echo '{"bookmarks":{}}'; tr -d '\n' <state; echo; } >lines
	run_stage extract --state lines orders
	expect_equal "$(ids out)" 1
}

@test "the key of a bookmark that fits no more" {
	orders_table
	run_stage extract --since 2026-01-01 orders
	keep_state state
	mysql_q "ALTER TABLE orders DROP PRIMARY KEY, ADD k VARCHAR(9) NOT NULL
	    DEFAULT 'a', ADD PRIMARY KEY (k)"
	run_stage extract --state state orders
	expect_status 100
	expect_in err 'the key was (id), and is (k): documents would get other'
	run_stage extract --state state --full orders
	expect_status 0
	expect_equal "$(ids out)" 1
	orders_table
	mysql_q "INSERT INTO orders VALUES (2, '', '2026-01-01')"
	run_stage extract --page-size 1 orders
	states | sed -n 1p >state
	mysql_q "ALTER TABLE orders DROP PRIMARY KEY, ADD k INT NOT NULL
	    DEFAULT 1, ADD PRIMARY KEY (k, id)"
	run_stage extract --state state orders
	expect_status 100
	expect_in err 'the key was (id), and is (k, id): documents would get'
}

@test "DATETIME in a zone of its own" {
	orders_table 'DATETIME(3)'
	export MYSQL_DATETIME_OFFSET=+02:00
	run_stage extract --since 2026-01-02T01:04:05Z orders
	expect_status 0
	expect_equal "$(jq -r 'select(.type == "RECORD") | .at,
	    .record.updated_at' out | sort -u)" 2026-01-02T01:04:05.000000Z
	keep_state state
	expect_in state '"replication_key_value":"2026-01-02T01:04:05.000000Z"'
	run_stage extract --state state orders
	expect_equal "$(rows out)" 0
	mysql_q "INSERT INTO orders VALUES (2, '', UTC_TIMESTAMP(3) +
	    INTERVAL 2 HOUR)"
	run_stage extract --state state orders
	expect_equal "$(ids out)" 2
	MYSQL_DATETIME_OFFSET=Europe/Berlin run_stage extract orders
	expect_status 100
	expect_in err 'MYSQL_DATETIME_OFFSET: \"Europe/Berlin\" is no offset'
}

# --- Changes while it runs ------------------------------------------------

@test "a new column in mid-stream: a new SCHEMA, and its values" {
	orders_table
	background extract --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"type":"STATE"' out
	mysql_q "ALTER TABLE orders ADD extra INT NOT NULL DEFAULT 7;
	    UPDATE orders SET note = 'new'"
	wait_until grep -q '"note":"new","updated_at":[^}]*"extra":7' out
	mysql_q "ALTER TABLE orders MODIFY extra BIGINT; UPDATE orders SET
	    extra = 8589934592"
	wait_until grep -q '"extra":8589934592' out
	mysql_q "ALTER TABLE orders DROP extra; UPDATE orders SET note = 'end'"
	wait_until grep -q '"note":"end","updated_at":"[^"]*"}}' out
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	expect_status 99
	conserved out
	expect_equal "$(jq -c 'select(.type == "SCHEMA").schema.properties.extra
	    ."x-mysql-type"' out | sed 's/([0-9]*)//' | paste -sd ' ')" \
	    'null "int" "bigint" null'
}

@test "a column added in the middle of a long page" {
	mysql_q "CREATE TABLE long_t (id INT PRIMARY KEY, updated_at TIMESTAMP
	    NOT NULL DEFAULT '2026-01-01', KEY (updated_at)); INSERT INTO
	    long_t (id) SELECT n FROM $(sequence 10000)"
	mkfifo pipe
	extract --page-size 1000 long_t >pipe 2>err 3>&- &
	pid=$!
	pids="${pids-} $pid"
	exec 5<pipe
	head -c 100000 <&5 >out
	mysql_q "ALTER TABLE long_t ADD extra INT NOT NULL DEFAULT 7"
	cat <&5 >>out
	wait $pid
	conserved out
	expect_equal "$(grep -c '"type":"SCHEMA"' out)" 2
	# All rows, also those before the change, are there with the column.
	expect_equal "$(jq -r 'select(.type == "RECORD").record |
	    select(.extra == 7).id' out | sort -un | wc -l)" 10000
	expect_in err 'column extra (int'
	keep_state state
	run_stage extract --state state long_t
	expect_equal "$(rows out)" 0
}

@test "a dropped change column, key, or table is a clear stop" {
	for sql in "ALTER TABLE orders DROP updated_at" \
	    "ALTER TABLE orders DROP PRIMARY KEY, DROP id" \
	    "ALTER TABLE orders CHANGE updated_at changed_at TIMESTAMP" \
	    "DROP TABLE orders"; do
		orders_table
		background extract --follow 50ms orders >out 2>err
		pid=$!
		wait_until grep -q '"records":1' out
		mysql_q "$sql"
		status=0
		wait $pid || status=$?
		# What was just dropped may be about to be made anew.
		case $sql in
		DROP*) expect_status 111 ;;
		*) expect_status 100 ;;
		esac
		conserved out
		expect_match err 'was dropped or renamed|no primary key'
	done
}

@test "a stalled reader holds up nobody else" {
	mysql_q "CREATE TABLE wide (id INT PRIMARY KEY, t LONGTEXT); INSERT
	    INTO wide SELECT n, REPEAT('x', 2000) FROM $(sequence 10000)"
	mkfifo pipe
	extract --page-size 100000 wide >pipe 2>err 3>&- &
	pid=$!
	pids="${pids-} $pid"
	exec 5<pipe
	head -c 1000 <&5 >out
	sleep 1
	# Our page would hold the definition for as long as we are stalled.
	timeout 5 "$BASH" -c "$(declare -f mysql_q mysql_admin)
	    mysql_q 'ALTER TABLE wide ADD extra INT NOT NULL DEFAULT 1'"
	cat <&5 >>out
	wait $pid
	conserved out
	expect_equal "$(jq -r 'select(.type == "RECORD").record.id' out |
	    sort -un | wc -l)" 10000
}

@test "a broken connection is taken up again, row for row" {
	mysql_q "CREATE TABLE many (id INT PRIMARY KEY, updated_at TIMESTAMP
	    NOT NULL DEFAULT '2026-01-01', KEY (updated_at)); INSERT INTO many
	    (id) SELECT n FROM $(sequence 10000)"
	for how in --full "--since 2026-01-01"; do
		relay_start --skip 0 --cut 60000 --cuts 3 \
		    "$MYSQL_HOST:$MYSQL_PORT"
		MYSQL_PORT=$relay_port run_stage extract $how many
		relay_stop
		expect_status 0
		conserved out
		expect_equal "$(ids out)" "$(seq -s ' ' 10000)"
		expect_equal "$(grep -c 'trying again in' err)" 3
	done
}

@test "killed by an administrator: connects again" {
	orders_table
	background extract --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"records":1' out
	mysql_q "SELECT ID FROM information_schema.processlist WHERE
	    DB = '$MYSQL_DATABASE' AND ID <> CONNECTION_ID()" |
	while read -r id; do
		mysql_q "KILL $id" || true
	done
	mysql_q "INSERT INTO orders (id) VALUES (2)"
	wait_until grep -q '"id":2' out
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	expect_status 99
	expect_in err 'trying again in'
	conserved out
}

@test "a server that stays away: exit 111 after the retries" {
	SYNC_MAX_RETRIES=2 SYNC_RETRY_DELAY=0 MYSQL_PORT=1 run_stage extract x
	expect_status 111
	expect_equal "$(grep -c 'trying again in' err)" 2
	expect_in err 'given up after 2 retries (SYNC_MAX_RETRIES)'
	SYNC_RETRY_DELAY=60 MYSQL_PORT=1 background extract x >out 2>err
	pid=$!
	wait_until grep -q 'trying again' err
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	expect_status 99
}

# --- The end --------------------------------------------------------------

@test "SIGTERM: the rows printed, a STATE, exit 99" {
	mysql_q "CREATE TABLE many (id INT PRIMARY KEY, t VARCHAR(200)); INSERT
	    INTO many SELECT n, REPEAT('x', 200) FROM $(sequence 10000)"
	mkfifo pipe
	extract --page-size 10 many >pipe 2>err 3>&- &
	pid=$!
	pids="${pids-} $pid"
	exec 5<pipe
	head -c 1000 <&5 >out
	kill -TERM $pid
	cat <&5 >>out
	status=0
	wait $pid || status=$?
	expect_status 99
	conserved out
	n=$(rows out)
	[ "$n" -lt 10000 ] || fail "all rows came"
	keep_state state
	run_stage extract --state state many
	expect_equal "$(rows out)" $((10000 - n))
}

@test "--follow: a round whenever it is due, a STATE when nothing changes" {
	orders_table
	background extract --follow 200ms orders >out 2>err
	pid=$!
	wait_until grep -q '"records":1' out
	for i in 2 3 4; do
		mysql_q "INSERT INTO orders (id) VALUES ($i)"
		wait_until grep -q "\"id\":$i," out
	done
	n=$(grep -c '"type":"STATE"' out)
	wait_until -t 15 eval "[ \$(grep -c '\"type\":\"STATE\"' out) -gt $n ]"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	expect_status 99
	conserved out
	expect_equal "$(ids out)" "1 2 3 4"
	expect_equal "$(grep -c '"type":"SCHEMA"' out)" 1
}

@test "--rounds: each has what was changed before it was asked for" {
	orders_table
	mkfifo asked
	exec 4<>asked
	extract --rounds orders <asked >out 2>err 3>&- 4>&- &
	pid=$!
	pids="${pids-} $pid"
	for i in 2 3 4 5; do
		mysql_q "INSERT INTO orders (id) VALUES ($i)"
		echo "round-$i" >&4
		wait_until grep -q "\"round\":\"round-$i\"" out
		expect_equal "$(ids out)" "$(seq -s ' ' $i)"
	done
	kill -TERM $pid
	exec 4>&-
	status=0
	wait $pid || status=$?
	expect_status 99
	conserved out
}

@test "an output that can't be written" {
	orders_table
	status=0
	extract orders >/dev/full 2>err || status=$?
	expect_status 111
	expect_in err 'write standard output: No space left on device'
	mysql_q "INSERT INTO orders (id, updated_at) SELECT n, '2026-01-02' FROM
	    $(sequence 10000) WHERE n > 1"
	set +o pipefail
	{ status=0; extract orders 2>err || echo $? >rc; } | head -n 1 >/dev/null
	expect_equal "$(cat rc)" 141
}

# --- Options --------------------------------------------------------------

@test "--where, --since, --change, --key" {
	orders_table
	mysql_q "ALTER TABLE orders ADD created_at DATETIME NOT NULL DEFAULT
	    '2026-01-01', ADD tenant INT NOT NULL DEFAULT 1;
	    INSERT INTO orders VALUES (2, 'b', '2026-01-05', '2026-01-02', 1),
	    (3, 'c', '2026-01-06', '2026-01-03', 2)"
	run_stage extract --where "note <> 'b' -- not this" orders
	expect_equal "$(ids out)" "1 3"
	run_stage extract --where 'nonsense(' orders
	expect_status 100
	run_stage extract --since 2026-01-05 orders
	expect_equal "$(ids out)" "2 3"
	run_stage extract --since '2026-01-06T01:00:00+01:00' orders
	expect_equal "$(ids out)" "3"
	run_stage extract --since 2026-01-02 --change CREATED_AT orders
	expect_equal "$(ids out)" "2 3"
	expect_in out '"bookmark_properties":["created_at"]'
	run_stage extract --change note orders
	expect_status 100
	expect_in err 'it has to be TIMESTAMP or DATETIME'
	run_stage extract --change nope orders
	expect_in err 'orders has no column'
	run_stage extract --key note orders
	expect_in err 'may be NULL'
	run_stage extract --key tenant,id orders
	expect_status 0
	expect_in out '"key_properties":["tenant","id"]'
	expect_in err 'no unique index'
	mysql_q "CREATE TABLE keyless (a INT NOT NULL, b INT, UNIQUE (b))"
	run_stage extract keyless
	expect_status 100
	expect_in err 'keyless has no primary key'
	expect_in err 'with --key'
	mysql_q "ALTER TABLE keyless ADD UNIQUE (a); INSERT INTO keyless VALUES
	    (1, NULL)"
	run_stage extract keyless
	expect_status 0
	expect_in out '"key_properties":["a"]'
}

@test "only created_at: new rows, with a warning" {
	mysql_q "CREATE TABLE c (id INT PRIMARY KEY, created_at DATETIME NOT
	    NULL, updated_at INT); INSERT INTO c VALUES (1, '2026-01-01', 0)"
	run_stage extract c
	expect_status 0
	expect_in err 'but no changes of old ones'
	expect_in out '"bookmark_properties":["created_at"]'
}

@test "--discover: a Singer catalog" {
	orders_table
	mysql_q "CREATE TABLE keyless (a INT)"
	run_stage extract --discover
	expect_status 0
	expect_equal "$(jq -c '.streams[] | [.tap_stream_id, .stream,
	    .table_name, .key_properties, .schema.type, (.metadata[] |
	    select(.breadcrumb == []).metadata |
	    ."table-key-properties", ."valid-replication-keys",
	    ."database-name")]' out | paste -sd ' ')" \
	    "[\"keyless\",\"keyless\",\"keyless\",[],\"object\",[],[],\"$MYSQL_DATABASE\"] [\"orders\",\"orders\",\"orders\",[\"id\"],\"object\",[\"id\"],[\"updated_at\"],\"$MYSQL_DATABASE\"]"
	run_stage extract --discover orders
	expect_equal "$(jq -r '.streams[].stream' out)" orders
	run_stage extract --discover nope
	expect_status 100
}

@test "--count: rows, and rows that are due" {
	orders_table
	mysql_q "INSERT INTO orders (id, updated_at) SELECT n, '2026-01-03'
	    FROM $(sequence 12) WHERE n > 1"
	run_stage extract --count --json orders
	expect_equal "$(cat out)" '{"table":"orders","rows":12,"due":12}'
	run_stage extract --page-size 5 --since 2026-01-01 orders
	states | sed -n 1p >state
	run_stage extract --count --state state orders
	expect_match out '^TABLE +ROWS +DUE$'
	expect_match out '^orders +12 +7$'
}

# codes: why a change could be overlooked, as ./err has it.
codes() {
	jq -r 'select(.operation == "guarantee").code' err | sort | paste -sd ' '
}

@test "--report: how much is to be read, and what is not promised" {
	orders_table
	mysql_q "INSERT INTO orders (id) SELECT n FROM $(sequence 2000) WHERE n > 1;
	    ANALYZE TABLE orders" >/dev/null
	run_stage extract --report orders
	expect_status 0
	expect_equal "$(codes)" "change_column checked"
	jq -c 'select(.operation == "report")' err >reports
	expect_equal "$(head -n 1 reports | jq -c '[.table, .records_processed,
	    .records_due > 1000, .records_due < 4000]')" '["orders",0,true,true]'
	# Behind a bookmark it is the index that tells.
	keep_state state
	mysql_q "UPDATE orders SET updated_at = NOW(6) WHERE id <= 40"
	run_stage extract --report --state state orders
	expect_equal "$(rows out)" 40
	jq -c 'select(.operation == "report")' err >reports
	expect_equal "$(head -n 1 reports | jq -c '[.records_due >= 20,
	    .records_due <= 80]')" '[true,true]'
	run_stage extract --state state orders
	expect_not_in err '"operation":"report"'
	expect_not_in err '"operation":"guarantee"'

	mysql_q "CREATE TABLE poor (id INT NOT NULL, updated_at DATETIME)
	    ENGINE=MyISAM; DROP USER IF EXISTS 'plain'@'%';
	    CREATE USER 'plain'@'%' IDENTIFIED BY 'secret';
	    GRANT SELECT ON \`$MYSQL_DATABASE\`.* TO 'plain'@'%'"
	MYSQL_USER=plain MYSQL_PASSWORD=secret run_stage extract --report \
	    --key id --where 1 poor
	expect_status 0
	expect_equal "$(codes)" "change_column checked key_unproven no_on_update\
 no_process_privilege not_innodb null_times where"
}

@test "--check says what to do" {
	orders_table DATETIME
	mysql_q "CREATE TABLE poor (id VARCHAR(9) COLLATE utf8mb4_general_ci
	    PRIMARY KEY, o INT, updated_at DATETIME, FOREIGN KEY (o) REFERENCES
	    orders (id) ON DELETE SET NULL)"
	run_stage extract --check orders poor
	expect_status 0
	expect_match out '^ok    connection .*user'
	expect_match out '^ok      index +changed'
	expect_in out '-> CREATE INDEX millrace_change ON `poor` (`updated_at`, `id`)'
	expect_in out '-> ALTER TABLE `poor` MODIFY `updated_at` datetime NULL DEFAULT CURRENT_TIMESTAMP(0) ON UPDATE CURRENT_TIMESTAMP(0)'
	expect_match out '^warn    foreign key .*to orders'
	expect_match out '^warn    key .*compared by utf8mb4_general_ci'
	# What it advises works.
	mysql_q "$(sed -n 's/.*-> \(CREATE INDEX.*\|ALTER TABLE.*\)/\1;/p' out)"
	run_stage extract --check poor
	expect_match out '^ok      index +millrace_change'
	expect_not_in out 'ON UPDATE    '
	run_stage extract --check nope
	expect_status 100
	expect_match out '^FAIL  nope'
}

@test "mistakes on the command line" {
	while IFS='|' read -r args message; do
		eval "run_stage extract $args"
		expect_equal "$args: $status" "$args: 100"
		expect_in err "$message"
		expect_equal "$args: $(cat out)" "$args: "
	done <<-'E'
	|no table is named, and SYNC_TABLES is not set
	--nope x|--nope: no such option
	-x|-x: no such option
	x --state|--state needs a value
	x --full=1|--full takes no value
	x --full --full|--full is given twice
	x x|table x is named twice
	x --full --since 2026-01-01|exclude each other
	x --discover --count|exclude each other
	x --json|--json goes with --count and --check only
	x --check --follow 1s|--follow doesn't go with --check
	x --since yesterday|is no time
	x --follow soon|is no duration
	x --page-size 0|is not a whole number from 1
	x --zero-dates maybe|is not null, string or reject
	x --on-bad-text maybe|is not stop or replace
	x --where ""|the condition is empty
	x y --key id|--key is about one table
	x --env-file nowhere|open nowhere
	E
	run_stage extract -- --help
	expect_in err 'there is no table --help'
}

@test "mistakes in the settings" {
	while IFS='|' read -r set message; do
		status=0
		env $set extract x >out 2>err || status=$?
		expect_equal "$set: $status" "$set: 100"
		expect_in err "$message"
	done <<-'E'
	-u MYSQL_HOST|MYSQL_HOST is not set
	-u MYSQL_USER|MYSQL_USER is not set
	-u MYSQL_DATABASE|MYSQL_DATABASE is not set
	MYSQL_PORT=0|MYSQL_PORT
	MYSQL_CHARSET=latin1|MYSQL_CHARSET: \"latin1\" is not utf8mb4
	MYSQL_SSL_KEY=k|MYSQL_SSL_CERT and MYSQL_SSL_KEY go together
	MYSQL_DATABASE=nope|Unknown database
	MYSQL_USER=nope|Access denied
	E
}

@test "--help and --version" {
	run_stage extract --help
	expect_status 0
	expect_in out 'usage: extract'
	expect_in out MYSQL_DATETIME_OFFSET
	expect_in out MYSQL_PASSWORD_FILE
	run_stage extract --version
	expect_equal "$(cat out)" "extract (millrace) $(cat "$ROOT/VERSION")"
}

# --- The way to the server ------------------------------------------------

@test "a password from a file, which may change" {
	orders_table
	mysql_q "DROP USER IF EXISTS 'turn'@'%'; CREATE USER 'turn'@'%'
	    IDENTIFIED BY 'first'; GRANT SELECT, PROCESS ON *.* TO 'turn'@'%'"
	unset MYSQL_PASSWORD
	(umask 077; echo first >pw)
	MYSQL_PASSWORD_FILE=$PWD/pw MYSQL_USER=turn background extract \
	    --follow 100ms orders >out 2>err
	pid=$!
	wait_until grep -q '"records":1' out
	echo second >pw
	export MYSQL_PASSWORD=
	mysql_q "ALTER USER 'turn'@'%' IDENTIFIED BY 'second'"
	mysql_q "SELECT ID FROM information_schema.processlist WHERE
	    USER = 'turn'" | while read -r id; do
		mysql_q "KILL $id" || true
	done
	mysql_q "INSERT INTO orders (id) VALUES (2)"
	wait_until grep -q '"id":2' out || fail "$(cat err)"
	kill -TERM $pid
	wait $pid || true
	expect_in err 'trying the one that is in the file now'
	(umask 077; echo wrong >pw)
	unset MYSQL_PASSWORD
	MYSQL_PASSWORD_FILE=$PWD/pw run_stage extract orders
	expect_status 100
	expect_in err 'Access denied'
	expect_not_in err wrong
}

@test "TLS: a wrong authority, a wrong name, none at all are refused" {
	mysql_q "DROP USER IF EXISTS 'topuser'@'%'; CREATE USER 'topuser'@'%'
	    IDENTIFIED BY 'topsecret'; GRANT SELECT, PROCESS ON *.* TO
	    'topuser'@'%'"
	orders_table
	export MYSQL_USER=topuser MYSQL_PASSWORD=topsecret
	direct=$MYSQL_PORT tls=$MILLRACE_TEST_TLS
	relay_start --listen 127.0.0.2 --sent sent "$MYSQL_HOST:$direct"

	MYSQL_SSL_CA=$tls/ca.pem run_stage extract --check orders
	expect_status 0
	expect_match out '^ok    encryption +TLS, '

	MYSQL_SSL_CA=$tls/wrong-ca.pem run_stage extract orders
	expect_status 100
	expect_in err 'TLS'
	MYSQL_SSL_CA=nowhere.pem run_stage extract orders
	expect_status 100

	export MYSQL_PORT=$relay_port
	MYSQL_HOST=127.0.0.2 MYSQL_SSL_CA=$tls/ca.pem run_stage extract orders
	expect_status 100

	# Not loopback by its looks, so TLS it is, by the system's authorities.
	MYSQL_HOST=127.2 run_stage extract orders
	expect_status 100
	expect_not_in sent topuser
	relay_stop

	relay_start --listen 127.0.0.2 --no-tls --sent sent \
	    "$MYSQL_HOST:$direct"
	export MYSQL_PORT=$relay_port
	MYSQL_HOST=127.2 run_stage extract orders
	expect_status 100
	MYSQL_HOST=127.0.0.2 MYSQL_SSL_CA=$tls/ca.pem run_stage extract orders
	expect_status 100
	expect_not_in sent topuser
	expect_equal "$(wc -c <sent)" 0

	# In plain only on request, and that is on record.
	MYSQL_HOST=127.2 run_stage extract --insecure orders
	expect_status 0
	expect_in err '"message":"--insecure:'
	relay_stop
	MYSQL_PORT=$direct
}

@test "over the socket" {
	orders_table
	case $MILLRACE_SOURCE in
	mysql)	export MYSQL_SOCKET=$MILLRACE_MYSQL_SOCKET ;;
	*)	export MYSQL_SOCKET=$MILLRACE_MARIADB_SOCKET ;;
	esac
	MYSQL_USER=root MYSQL_PASSWORD= MYSQL_HOST=unused.example run_stage \
	    extract orders
	expect_status 0
	expect_equal "$(rows out)" 1
}

@test "compression: the same rows, and --check knows" {
	orders_table
	mysql_q "INSERT INTO orders (id, note) SELECT n + 1, REPEAT('x', 90)
	    FROM $(sequence 999)"
	run_stage extract --check
	expect_not_in out compression
	run_stage extract --since 2026-01-01 orders
	records out | sort >plain
	export MYSQL_COMPRESSION=zlib
	run_stage extract --check
	expect_status 0
	expect_match out '^ok    compression +in use'
	run_stage extract --since 2026-01-01 orders
	expect_status 0
	conserved out
	expect_equal "$(rows out)" 1000
	records out | sort | diff plain -
	MYSQL_COMPRESSION=lz4 run_stage extract orders
	expect_status 100
	expect_in err '"lz4\" is not none, zlib or zstd'
}

# --- Races ----------------------------------------------------------------

@test "writers at work, and no row is overlooked" {
	orders_table
	# Each statement by itself, in transactions that stay open for a while,
	# and where each row is locked to look at it, so that others wait.
	writer() {
		local i id

		for i in $(seq 60); do
			id=$(($1 * 1000 + RANDOM % 50))
			case $((i % 20)) in
			0)	id="$1 * 1000 + FLOOR(RAND() * 50)" ;;
			esac
			case $((RANDOM % 3)) in
			0)	echo "UPDATE orders SET note = '$1-$i' WHERE id =
				    $id;" ;;
			1)	echo "BEGIN; UPDATE orders SET note = '$1-$i' WHERE
				    id = $id; DO SLEEP(0.0$((RANDOM % 90 + 10)));
				    COMMIT;" ;;
			2)	echo "BEGIN; INSERT INTO orders (id) VALUES ($1 *
				    1000 + 100 + $i); DO SLEEP(0.1); COMMIT;" ;;
			esac
		done
	}
	mysql_q "INSERT INTO orders (id) SELECT w.n * 1000 + s.n - 1 FROM
	    (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) w
	    JOIN $(sequence 50)"
	extract --follow 50ms orders >out 2>err 3>&- &
	pid=$!
	pids="${pids-} $pid"
	writers=
	for w in 1 2 3 4; do
		mysql_q "$(writer $w)" 3>&- &
		writers="$writers $!"
	done
	wait $writers
	mysql_q "SELECT CONCAT_WS(' ', id, IFNULL(note, ''), CONCAT(
	    REPLACE(updated_at, ' ', 'T'), 'Z')) FROM orders ORDER BY id" \
	    >wanted
	# The last reading of each row is the row as it is.
	latest() {
		jq -r 'select(.type == "RECORD").record | [.id, .note,
		    .updated_at] | join(" ")' out | tac | sort -snu -k 1,1 >got
		cmp -s got wanted
	}
	wait_until latest || true
	kill -TERM $pid
	wait $pid || true
	conserved out
	latest || expect_same got wanted
}

# --- Cost -----------------------------------------------------------------

@test "no statement reads more rows than it needs" {
	[ "$MILLRACE_SOURCE" = mysql ] || skip "MariaDB keeps no such account"
	mysql_q "CREATE TABLE deep (a INT, b INT, c INT, updated_at TIMESTAMP
	    NOT NULL DEFAULT '2026-01-01', PRIMARY KEY (a, b, c), KEY
	    (updated_at)); INSERT INTO deep (a, b, c) SELECT 1, n DIV 5000, n
	    FROM $(sequence 10000)"
	for how in --full "--since 2026-01-01"; do
		mysql_admin "TRUNCATE
		    performance_schema.events_statements_summary_by_digest"
		run_stage extract --page-size 100 $how deep
		expect_equal "$(rows out)" 10000
		examined=$(mysql_admin "SELECT SUM(SUM_ROWS_EXAMINED) FROM
		    performance_schema.events_statements_summary_by_digest
		    WHERE SCHEMA_NAME = '$MYSQL_DATABASE' AND DIGEST_TEXT LIKE
		    '%FROM \`deep\`%'")
		[ "$examined" -le 11000 ] ||
		    fail "$examined rows read for 10000"
	done
}

@test "memory doesn't grow with the rows" {
	mysql_q "CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT,
	    t VARCHAR(100)); INSERT INTO big (t) SELECT REPEAT('x', 100) FROM
	    $(sequence 10000)"
	"$SUPPORT/peak" small extract big >/dev/null
	for i in 1 2 3 4; do
		mysql_q "INSERT INTO big (t) SELECT t FROM big"
	done
	"$SUPPORT/peak" large extract big >/dev/null
	[ "$(cat large)" -le $(($(cat small) + 1024)) ] ||
	    fail "$(cat small) KiB for 10000 rows, $(cat large) for 160000"
}
