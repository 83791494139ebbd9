# The comparer that the other tests trust, against documents written by hand.
# sources: mysql mariadb

load support/helpers

setup_file() {
	use_servers
	mysql_q "SET sql_mode='STRICT_ALL_TABLES';
	    CREATE TABLE t (id BIGINT UNSIGNED, k VARCHAR(9) NOT NULL,
	    t1 TINYINT(1), i INT, iu INT UNSIGNED, b BIGINT, y YEAR,
	    bits BIT(12), d DECIMAL(10,2), big DECIMAL(65,30), f FLOAT,
	    dbl DOUBLE, dt DATETIME(6), ts TIMESTAMP(6) NULL, day DATE,
	    zero DATE, tm TIME(3), e ENUM('a','ö'), s SET('x','y'), none TEXT,
	    bin BINARY(4), bl BLOB, j JSON, PRIMARY KEY (id, k));
	    INSERT INTO t VALUES (18446744073709551615, 'q''x', 7,
	    -2147483648, 4294967295, -9223372036854775808, 2155, 4095, -1.50,
	    99999999999999999999999999999999999.5, 0.1, 1e22,
	    '1969-12-31 23:59:59.999999', '2026-01-02 03:04:05.678901',
	    '9999-12-31', '0000-00-00', '-100:00:00.5', 'ö', 'x,y', NULL,
	    'ab', X'00FF',
	    '{\"a.b\":[1,2.50,4294967296],\"\$c\":18446744073709551615}');
	    CREATE TABLE u (id INT PRIMARY KEY, v TEXT);
	    INSERT INTO u VALUES (1, ''), (2, NULL)"
	cat >"$BATS_FILE_TMPDIR/t" <<-'E'
	{"_id":{"id":{"$numberDecimal":"18446744073709551615"},"k":"q'x"},
	"id":{"$numberDecimal":"18446744073709551615"},"k":"q'x","t1":7,
	"i":-2147483648,"iu":{"$numberLong":"4294967295"},
	"b":{"$numberLong":"-9223372036854775808"},"y":2155,"bits":4095,
	"d":{"$numberDecimal":"-1.50"},
	"big":"99999999999999999999999999999999999.500000000000000000000000000000",
	"f":0.10000000149011612,"dbl":1e22,
	"dt":{"$date":{"$numberLong":"-1"}},
	"ts":{"$date":"2026-01-02T03:04:05.678Z"},
	"day":{"$date":"9999-12-31T00:00:00Z"},"zero":null,
	"tm":"-100:00:00.500","e":"ö","s":["x","y"],"none":null,
	"bin":{"$binary":{"base64":"YWIAAA==","subType":"00"}},
	"bl":{"$binary":{"base64":"AP8=","subType":"00"}},
	"j":{"a．b":[1,2.5,{"$numberLong":"4294967296"}],
	"＄c":{"$numberDecimal":"18446744073709551615"}},"_sync":{"v":"1"}}
	E
}
teardown_file() { release_servers; }

setup() {
	cd_temp
	mongo_q drop
	mongo_q insert t "$(cat "$BATS_FILE_TMPDIR/t")"
	mongo_q insert u '{"_id":1,"id":1,"v":""}' '{"_id":2,"id":2,"v":null}'
}

@test "documents written by hand are equal" {
	run_stage "$ROOT/tests/checker" t u
	cat out
	expect_status 0
	expect_in out "t: 1 rows, 24 fields, equal"
}

# finds FIELD VALUE: the row of t with this field must not be equal.
finds() {
	# FerretDB takes a number that is equal but written otherwise for no
	# change at all.
	mongo_q update t '{}' "{\"\$unset\":{\"$1\":1}}" >/dev/null
	mongo_q update t '{}' "{\"\$set\":{\"$1\":$2}}" >/dev/null
	run_stage "$ROOT/tests/checker" t
	expect_status 1
	expect_in out ": $1"
	expect_in out "1 differences"
	mongo_q drop t
	mongo_q insert t "$(cat "$BATS_FILE_TMPDIR/t")"
}

@test "every wrong value or type is found" {
	finds t1 true
	finds iu '{"$numberDouble":"4294967295"}'
	finds i '{"$numberLong":"-2147483648"}'
	finds d '{"$numberDecimal":"-1.5"}'
	finds f 0.1
	finds dt '{"$date":{"$numberLong":"0"}}'
	finds zero '"0000-00-00"'
	finds s '["y","x"]'
	finds none '""'
	finds bl '{"$binary":{"base64":"AP8=","subType":"05"}}'
	finds more 1
}

@test "missing and extra documents are found" {
	mongo_q delete u '{"_id":2}'
	mongo_q insert u '{"_id":3,"id":3,"v":null}'
	run_stage "$ROOT/tests/checker" u
	expect_status 1
	expect_in out "u int32 2: document"
	expect_in out "u int32 3: document"
	expect_in out "2 differences"
}

@test "without a server it says so" {
	MYSQL_PORT=1 run_stage "$ROOT/tests/checker" u
	expect_status 2
}
