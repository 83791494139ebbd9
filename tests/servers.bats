# scripts/servers, with sets of its own: nobody's servers may be lost, and
# none may be left behind.

load support/helpers

setup() {
	cd_temp
	MILLRACE_RUN=$(mktemp -d /tmp/millrace.XXXXXX)
	export MILLRACE_RUN
}

teardown() {
	servers stop
	rm -rf -- "$MILLRACE_RUN"
}

# Whatever a test starts ends with the test.
servers() {
	if [ "$1" = start ]; then
		shift
		set -- start --for $$ "$@"
	fi
	"$ROOT/scripts/servers" "$@" 3>&-
}

# The pids that a set has recorded.
pids() {
	cat "$MILLRACE_RUN"/*/*.pid | cut -d' ' -f1
}

use() {
	eval "$(servers env "$@")"
	export MYSQL_DATABASE=kept MONGODB_DATABASE=kept
}

@test "start, status, env, stop: on 127.0.0.1 only; nothing is left" {
	servers start
	run_stage servers status
	expect_status 0
	expect_match out '^mysql +running +9\.'
	expect_match out '^mariadb +running +1:10\.11'
	expect_match out '^mongodb +running'
	pids >recorded
	[ "$(wc -l <recorded)" -ge 3 ]
	cp -r "$MILLRACE_RUN/id" id
	servers env >env
	# Nobody else can reach them.
	cat "$MILLRACE_RUN"/*/*port >ports
	for port in $(cat ports); do
		hex=$(printf ':%04X' "$port")
		cat /proc/net/tcp /proc/net/tcp6 |
		    awk -v p="$hex" '$4 == "0A" && $2 ~ p "$" { print $2 }' \
		    >listen
		expect_equal "$(cat listen)" "0100007F$hex"
	done
	data=$(sed -n "s/^export MILLRACE_SID='\(.*\)'/\1/p" env)
	expect_match env "^export MYSQL_HOST='127.0.0.1'$"
	expect_match env "^export MYSQL_PASSWORD=''$"
	for pid in $(cat recorded); do
		! process_gone "$pid"
	done
	servers stop
	for pid in $(cat recorded); do
		wait_gone "$pid"
	done
	[ ! -e "$MILLRACE_RUN" ]
	[ ! -e "$data/srv/millrace/$(cat id)" ]
	run_stage servers status
	expect_status 1
	run_stage servers env
	expect_status 100
	[ ! -s out ]
}

@test "data survive kill -9 of the servers" {
	servers start
	for source in mysql mariadb; do
		use "$source"
		mysql_admin 'CREATE DATABASE kept'
		mysql_q 'CREATE TABLE t (a INT PRIMARY KEY);
		    INSERT INTO t VALUES (7)'
	done
	mongo_q insert t '{"_id":7}'
	servers stop --keep --kill
	servers start
	for source in mysql mariadb; do
		use "$source"
		expect_equal "$(mysql_q 'SELECT a FROM t')" 7
	done
	expect_equal "$(mongo_q count t)" 1
}

@test "one server can go and come back on its port" {
	servers start mysql mongodb
	use
	port=$MYSQL_PORT
	servers stop --keep mysql
	run_stage servers status mysql
	expect_status 1
	mongo_q count t
	servers start mysql
	use
	expect_equal "$MYSQL_PORT" "$port"
	mysql_admin 'SELECT 1'
}

@test "reset drops every user database" {
	servers start
	for source in mysql mariadb; do
		use "$source"
		mysql_admin 'CREATE DATABASE `odd``name`'
	done
	mongo_q insert t '{"_id":1}'
	servers reset
	for source in mysql mariadb; do
		use "$source"
		mysql_admin 'SHOW DATABASES' >out
		expect_not_in out odd
	done
	expect_equal "$(mongo_q count t)" 0
}

@test "a set ends with the process that it is for" {
	sleep 100 3>&- &
	servers start --for $! mysql
	pids >recorded
	kill -9 $!
	for pid in $(cat recorded); do
		wait_gone "$pid"
	done
	wait_until test ! -e "$MILLRACE_RUN"
}

@test "a deleted run directory is noticed" {
	servers start mariadb
	pids >recorded
	rm -rf -- "$MILLRACE_RUN"
	servers stop
	for pid in $(cat recorded); do
		wait_gone "$pid"
	done
}

@test "two sets at once do not meet" {
	other=$(mktemp -d /tmp/millrace.XXXXXX)
	servers start mysql &
	MILLRACE_RUN=$other servers start mysql
	wait $!
	[ "$(cat "$MILLRACE_RUN/mysql/port")" -ne \
	    "$(cat "$other/mysql/port")" ]
	MILLRACE_RUN=$other servers stop
	servers status mysql
}

@test "a pid that is somebody else's now is left alone" {
	servers start mariadb
	pid=$(pids)
	sleep 100 3>&- &
	echo "$! 1" >"$MILLRACE_RUN/mariadb/server.pid"
	servers stop
	kill -0 $!
	# At once, as its files are deleted next.
	kill -9 $! $pid
}

@test "MONGODB_TEST_URI is used and never touched" {
	servers start mongodb
	uri=mongodb://127.0.0.1:$(cat "$MILLRACE_RUN/mongodb/port")/
	other=$(mktemp -d /tmp/millrace.XXXXXX)
	export MONGODB_TEST_URI=$uri
	MILLRACE_RUN=$other servers start mysql mongodb
	(
		MILLRACE_RUN=$other
		use
		expect_equal "$MONGODB_URI" "$uri"
		mongo_q insert t '{"_id":1}'
		servers reset
		expect_equal "$(mongo_q count t)" 1
		servers stop
		expect_equal "$(mongo_q count t)" 1
	)
}

@test "wrong words are explained" {
	run_stage servers start postgres
	expect_status 100
	expect_in err mariadb
	run_stage servers begin
	expect_status 100
	run_stage servers --help
	expect_status 0
}
