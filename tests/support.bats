# The test support itself: helpers that never fail are worse than none.
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

@test "databases are this file's own, on both servers" {
	[[ $MYSQL_DATABASE == t_support_* ]]
	expect_equal "$(mysql_q 'SELECT DATABASE()')" "$MYSQL_DATABASE"
	mongo_q insert things '{"_id":{"$numberLong":"1"},"b":{"$numberDecimal":"1.50"},"a":null}'
	mongo_q find things >out
	expect_equal "$(cat out)" \
	    '{"_id":{"$numberLong":"1"},"b":{"$numberDecimal":"1.50"},"a":null}'
	expect_equal "$(mongo_q count things '{"a":1}')" 0
	expect_equal "$(mongo_q list)" things
}

@test "run_stage keeps output, messages and status apart" {
	run_stage sh -c 'cat; echo said >&2; exit 111' <<<"given"
	expect_status 111
	expect_equal "$(cat out)" given
	expect_in err said
	! expect_status 0 2>/dev/null
}

@test "wait_until gives up" {
	! wait_until -t 1 false 2>/dev/null
	wait_until true
}

@test "the relay shows what is sent, and cuts" {
	relay_start --sent sent "$MYSQL_HOST:$MYSQL_PORT"
	MYSQL_PORT=$relay_port mysql_q "SELECT 'planted'" >out
	expect_in sent planted
	relay_stop
	relay_start --cut 40 "$MYSQL_HOST:$MYSQL_PORT"
	! MYSQL_PORT=$relay_port mysql_q 'SELECT 1' 2>/dev/null
	MYSQL_PORT=$relay_port mysql_q 'SELECT 1'
	relay_stop
}

@test "the relay takes TLS away, and has a name of its own" {
	relay_start --no-tls "$MYSQL_HOST:$MYSQL_PORT"
	run_stage mariadb --no-defaults -uroot -h127.0.0.1 -P"$relay_port" \
	    --ssl-ca="$MILLRACE_TEST_TLS/ca.pem" --ssl-verify-server-cert \
	    -e 'SELECT 1'
	[ "$status" -ne 0 ]
	relay_stop
	relay_start --listen 127.0.0.2 "$MYSQL_HOST:$MYSQL_PORT"
	run_stage mariadb --no-defaults -uroot -h127.0.0.2 -P"$relay_port" \
	    --ssl-ca="$MILLRACE_TEST_TLS/ca.pem" --ssl-verify-server-cert \
	    -e 'SELECT 1'
	[ "$status" -ne 0 ]
	relay_stop
	run_stage mariadb --no-defaults -uroot -h127.0.0.1 -P"$MYSQL_PORT" \
	    --ssl-ca="$MILLRACE_TEST_TLS/ca.pem" --ssl-verify-server-cert \
	    -e 'SELECT 1'
	expect_status 0
}
