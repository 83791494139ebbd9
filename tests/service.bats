#!/usr/bin/env bats
# The service under the real runit and the real s6: start, ready, log,
# restart after kill -9, stop, with nothing lost; with the real stages.
# sources: mysql

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	mysql_q "CREATE TABLE IF NOT EXISTS events (
	    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, note VARCHAR(40),
	    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
	    ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at, id));
	    DELETE FROM events"
	mongo_q drop
	mkdir scan
	sv=$PWD/scan/millrace
}

teardown() {
	[ -z "${scanner-}" ] || end_scan
}

# set_up runit|s6: a service directory in ./scan, its settings in ./etc.
set_up() {
	"$ROOT/scripts/service/setup" --etc "$PWD/etc" --state "$PWD/state" \
	    --log "$PWD/log" --service "$PWD/new" --bin "$ROOT/bin" \
	    --user '' "$1" dev
	(
		umask 077
		printf '%s\n' "$MYSQL_PASSWORD" >etc/secrets/mysql.password
		printf '%s\n' "$MONGODB_URI" >etc/secrets/mongodb.uri
		cat >etc/millrace.env <<-E
		STATE_DIR=$PWD/state
		MYSQL_HOST=$MYSQL_HOST
		MYSQL_PORT=$MYSQL_PORT
		MYSQL_USER=$MYSQL_USER
		MYSQL_PASSWORD_FILE=$PWD/etc/secrets/mysql.password
		MYSQL_DATABASE=$MYSQL_DATABASE
		MONGODB_URI_FILE=$PWD/etc/secrets/mongodb.uri
		MONGODB_DATABASE=$MONGODB_DATABASE
		SYNC_TABLES=events
		SYNC_INTERVAL_MINUTES=0.02
		HTTP_ADDRESS=unix:$PWD/state/api.sock
		E
	)
	mv new "$sv"
}

# scan COMMAND...: a scanner of ./scan, in an environment without secrets.
scan() {
	env -i PATH="$PATH" HOME="$HOME" LANG=C "$@" >scan.out 2>&1 \
	    3>&- </dev/null &
	scanner=$!
}

ask() {
	env -u MYSQL_PASSWORD -u MONGODB_URI "$ROOT/bin/supervisor" "$@" \
	    --env-file etc/millrace.env
}

add_rows() {
	mysql_q "INSERT INTO events (note) VALUES
	    ($(seq -s '),(' "$1"))"
}

# All of MySQL's rows are in MongoDB, and no more.
equal_now() {
	[ "$(mysql_q 'SELECT COUNT(*) FROM events')" -eq \
	    "$(mongo_q count events '{}')" ]
}

is_ready() { ask ready 2>/dev/null; }

# What runs has ended: no stage, no supervisor of this state directory.
nothing_left() {
	! pgrep -f "$PWD/(state|etc)" >/dev/null
}

other_pid() {
	local now

	now=$("$1")
	[ -n "$now" ] && [ "$now" -gt 0 ] && [ "$now" != "$2" ]
}

# kill_again PID_OF: kill -9 the supervisor while rows come, ten times.
kill_again() {
	local i old

	for i in 1 2 3 4 5 6 7 8 9 10; do
		add_rows 50
		wait_until -t 30 other_pid "$1" 0
		old=$("$1")
		kill -9 "$old"
		wait_until -t 30 other_pid "$1" "$old"
		[ $((i % 3)) -ne 0 ] || wait_until -t 30 is_ready
	done
	wait_until -t 30 is_ready
	add_rows 7
	wait_until -t 30 equal_now
	expect_equal "$(mysql_q 'SELECT COUNT(*) FROM events')" "$2"
}

# Every line of a log is JSON, with the fields of ours.
check_log() {
	/usr/bin/python3 - "$@" <<-'E'
	import json, sys
	lines = [l for f in sys.argv[1:] for l in open(f)]
	for line in lines:
	    e = json.loads(line)
	    assert e["level"] in ("debug", "info", "warn", "error"), line
	    assert e["timestamp"] and e["component"], line
	runs = {e["run"] for e in map(json.loads, lines) if "run" in e}
	stages = {e["component"] for e in map(json.loads, lines)
	          if "run" in e}
	assert len(runs) > 1 and stages >= {"extract", "load"}, stages
	E
}

# --- runit ----------------------------------------------------------------

end_scan() {
	if [ -e "$sv/supervise/ok" ] && [ -e "$sv/supervise/stat" ]; then
		# runsvdir: HUP ends each runsv, and so its service.
		kill -HUP "$scanner" 2>/dev/null || true
	else
		s6-svscanctl -t scan 2>/dev/null || true
	fi
	wait "$scanner" || true
	scanner=
	wait_until -t 30 nothing_left
}

runit_pid() { cat "$sv/supervise/pid" 2>/dev/null; }

@test "runit: start, ready, log, ten times kill -9, stop, nothing lost" {
	set_up runit
	add_rows 100
	scan runsvdir -P scan
	wait_until test -e "$sv/supervise/ok"
	sv -w 60 check "$sv"
	wait_until equal_now
	expect_match log/current '"message":"ready: 1 table'
	kill_again runit_pid 607
	grep -q 'killed by signal 9; it is started again' log/*
	sv -w 30 down "$sv"
	expect_match log/current '"message":"ended"'
	wait_until nothing_left
	check_log log/current
	# What comes while it is down arrives after the next start.
	add_rows 3
	sv -w 60 start "$sv"
	wait_until equal_now
	expect_equal "$(stat -c %a log state etc/secrets | sort -u)" 700
}

@test "runit: what can't work stays down, and says why" {
	set_up runit
	echo SYNC_INTERVAL_MINUTES=never >>etc/millrace.env
	scan runsvdir -P scan
	wait_until test -e log/current
	wait_until grep -qs "It stays down until: sv up" log/current
	expect_in log/current 'SYNC_INTERVAL_MINUTES'
	sleep 1.5
	sv status "$sv" | grep -q '^down'
	sed -i '$d' etc/millrace.env
	sv up "$sv"
	sv -w 60 check "$sv"
}

@test "runit: sv hup reads the settings again" {
	set_up runit
	scan runsvdir -P scan
	wait_until test -e "$sv/supervise/ok"
	sv -w 60 check "$sv"
	old=$(runit_pid)
	sed -i 's/^SYNC_INTERVAL.*/SYNC_INTERVAL_MINUTES=7/' etc/millrace.env
	sv hup "$sv"
	wait_until every_minutes 7
	expect_equal "$(runit_pid)" "$old"
}

every_minutes() {
	ask status --json | grep -q "\"sync_interval_minutes\":$1,"
}

# --- s6 -------------------------------------------------------------------

s6_pid() { s6-svstat -o pid "$sv" 2>/dev/null; }

@test "s6: start, ready, log, ten times kill -9, stop, nothing lost" {
	set_up s6
	add_rows 100
	scan s6-svscan scan
	wait_until s6-svok "$sv"
	s6-svwait -t 60000 -U "$sv"
	expect_equal "$(s6-svstat -o ready "$sv")" true
	is_ready
	wait_until equal_now
	kill_again s6_pid 607
	s6-svwait -t 30000 -U "$sv"
	grep -q 'killed by signal 9; it is started again' log/*
	s6-svc -wD -T 30000 -d "$sv"
	wait_until grep -qs '"message":"ended"' log/current
	wait_until nothing_left
	check_log log/current
	add_rows 3
	s6-svc -wU -T 60000 -u "$sv"
	wait_until equal_now
}

@test "s6: readiness comes when both servers answer, not before" {
	set_up s6
	sed -i 's/^MYSQL_PORT=.*/MYSQL_PORT=1/' etc/millrace.env
	scan s6-svscan scan
	wait_until s6-svok "$sv"
	wait_until test -S state/api.sock
	! s6-svwait -t 1500 -U "$sv"
	expect_equal "$(s6-svstat -o up,ready "$sv")" "true false"
	sed -i "s/^MYSQL_PORT=.*/MYSQL_PORT=$MYSQL_PORT/" etc/millrace.env
	s6-svc -h "$sv"
	s6-svwait -t 30000 -U "$sv"
}

@test "s6: what can't work stays down, and says why" {
	set_up s6
	echo SYNC_INTERVAL_MINUTES=never >>etc/millrace.env
	scan s6-svscan scan
	wait_until s6-svok "$sv"
	s6-svwait -t 20000 -D "$sv"
	wait_until grep -qs "It stays down until: s6-svc" log/current
	sleep 1.5
	expect_equal "$(s6-svstat -o up "$sv")" false
}

# --- setup ----------------------------------------------------------------

@test "setup: three environments, and nothing of a person is overwritten" {
	for env in dev staging prod; do
		mkdir "$env"
		"$ROOT/scripts/service/setup" --etc "$PWD/$env/etc" \
		    --state "$PWD/$env/state" --log "$PWD/$env/log" \
		    --service "$PWD/$env/sv" --user '' runit "$env" >out
		expect_in out "$PWD/$env/etc/millrace.env"
		expect_not_in "$env/etc/millrace.env" @
		secret=$env/etc/secrets/mysql.password
		expect_equal "$(stat -c %a "$secret")" 600
		# The settings are right as they stand, but for the secrets.
		(cd "$env/etc" && echo x >secrets/mysql.password &&
		    echo mongodb://x/ >secrets/mongodb.uri &&
		    env -i PATH="$PATH" "$ROOT/bin/supervisor" --check \
		    --env-file millrace.env)
	done
	echo MINE=1 >>dev/etc/millrace.env
	run "$ROOT/scripts/service/setup" --etc "$PWD/dev/etc" \
	    --state "$PWD/dev/state" --log "$PWD/dev/log" \
	    --service "$PWD/dev/sv" --user '' runit dev
	[ "$status" -eq 100 ]
	expect_in dev/etc/millrace.env MINE=1
	run "$ROOT/scripts/service/setup" runit nosuch
	[ "$status" -eq 100 ]
	run "$ROOT/scripts/service/setup" systemd dev
	[ "$status" -eq 100 ]
}
