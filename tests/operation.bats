#!/usr/bin/env bats
# What millrace-operation(7) tells a person to do, done: with the real stages.
# sources: mysql mariadb

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }

setup() {
	cd_temp
	mysql_q "DROP TABLE IF EXISTS events; CREATE TABLE events (
	    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, note VARCHAR(40),
	    updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
	    ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at, id))"
	mongo_q drop
	export STATE_DIR=$PWD/state HTTP_ADDRESS=unix:$PWD/sock
	export SYNC_TABLES=events SYNC_INTERVAL_MINUTES=0.02
	export SYNC_SCHEMAS=$PWD/schemas
	mkdir schemas bin
	cp "$ROOT"/bin/* bin/
	PATH=$PWD/bin:$PATH
}

teardown() {
	[ -z "${pid-}" ] || stop_service
}

start_service() {
	supervisor >out 2>>log 3>&- &
	pid=$!
	wait_until supervisor ready 2>/dev/null || fail "not ready" "$(cat log)"
}

stop_service() {
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
	pid=
}

rows() { mysql_q "INSERT INTO events (note) VALUES ($(seq -s '),(' "$1"))"; }

documents() { [ "$(mongo_q count events '{}')" -eq "$1" ]; }

at_rest() {
	supervisor status events | grep -qE "^state +$1$"
}

# The total of a count, as the service tells it: total read 12.
total() {
	[ "$(supervisor status events | sed -n "s/^totals.$1 *//p")" -ge "$2" ]
}

@test "move the position back: rows are read again, nothing is doubled" {
	rows 20
	start_service
	wait_until documents 20
	stop_service
	was=$(sed -n 's/.*"replication_key_value":"\([^"]*\)".*/\1/p' \
	    state/tables/events/checkpoint)
	[ -n "$was" ]
	supervisor move events 2020-01-01T00:00:00Z >out
	expect_in out "before at $was"
	mongo_q delete events '{"_id":3}' 2>/dev/null || true
	start_service
	wait_until total read 20
	wait_until documents 20
	rows 5
	wait_until documents 25
	supervisor audit
	expect_in state/audit.jsonl '"action":"move","table":"events"'
	# Not while it runs.
	run_stage supervisor move events start
	expect_status 100
	expect_in err "another supervisor has this state directory"
	documents 25
}

@test "move the position to the start: the table is copied again" {
	rows 20
	start_service
	wait_until documents 20
	stop_service
	mongo_q drop
	supervisor move events start
	start_service
	wait_until documents 20
}

@test "move the position forward: what lies before stays out" {
	rows 20
	start_service
	wait_until documents 20
	stop_service
	rows 7
	sleep 2
	at=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
	sleep 1
	rows 3
	supervisor move events "$at"
	start_service
	wait_until documents 23
	sleep 3
	documents 23
}

schema() {
	cat >schemas/events.json <<-E
	{"\$schema":"https://json-schema.org/draft/2020-12/schema",
	 "type":"object",
	 "x-source":{"table":"events","key":["id"],"change":"updated_at"},
	 "x-target":{"collection":"events"},
	 "required":["_id"],
	 "properties":{
	  "_id":{"bsonType":"long","x-from":"id"},
	  "note":{"bsonType":"string","x-from":"note","maxLength":$1},
	  "updatedAt":{"bsonType":"date","x-from":"updated_at"}}}
	E
}

@test "replay rejects: mend the rule, send the file again" {
	schema 1
	transform --check schemas/events.json
	rows 12
	start_service
	# 10, 11 and 12 are too long.
	wait_until documents 9
	wait_until total rejected 3
	expect_equal "$(grep -c '"type":"RECORD"' \
	    state/tables/events/transform.rejects)" 3
	schema 4
	supervisor pause events
	wait_until at_rest paused
	mv state/tables/events/transform.rejects again
	transform --schema schemas/events.json <again | load >ack
	documents 12
	supervisor resume events
	rows 2
	wait_until documents 14
	[ ! -s state/tables/events/transform.rejects ]
}

@test "upgrade: a stage that is replaced takes over at the next record" {
	rows 10
	start_service
	wait_until documents 10
	before=$(supervisor status events --json)
	# A new program under the old name, as install(1) puts it there.
	printf '#!/bin/sh\necho the new one >&2\nexec %s "$@"\n' \
	    "$ROOT/bin/transform" >bin/transform.new
	chmod 755 bin/transform.new
	mv bin/transform.new bin/transform
	wait_until grep -qs "the new one" log
	rows 10
	wait_until documents 20
	# And the supervisor itself.
	stop_service
	rows 10
	start_service
	wait_until documents 30
}

@test "a changed table goes on, and somebody is told" {
	printf '#!/bin/sh\necho "$MILLRACE_MESSAGE" >>%s\n' "$PWD/messages" \
	    >bin/tell
	printf 'echo "$MILLRACE_STATE $MILLRACE_ALERT" >>%s\n' \
	    "$PWD/alerts" >>bin/tell
	chmod 755 bin/tell
	export ALERT_COMMAND=tell
	echo '{"x-source":{"table":"events"},"properties":{}}' \
	    >schemas/events.json
	rows 5
	start_service
	wait_until documents 5
	mysql_q 'ALTER TABLE events ADD COLUMN more INT'
	rows 5
	wait_until documents 10
	wait_until grep -qsxF 'raised schema_drift' alerts
	supervisor status events >out
	expect_match out 'drift.*column more \(int.* is new'
	expect_match out 'events.json: \+ more: the column more \(int'
	grep 'column more' messages
}

@test "a renamed column stops its table alone, until the proposal is taken" {
	mysql_q "DROP TABLE IF EXISTS others; CREATE TABLE others LIKE events"
	export SYNC_TABLES=events,others
	echo '{"x-source":{"table":"events"},"properties":{
	    "_id":{"x-from":"id"}, "text":{"x-from":"note",
	    "type":["string","null"]}}}' >schemas/events.json
	rows 5
	start_service
	wait_until documents 5
	mysql_q "ALTER TABLE events RENAME COLUMN note TO remark;
	    INSERT INTO events (remark) VALUES ('new');
	    INSERT INTO others (note) VALUES ('x')"
	wait_until at_rest blocked
	documents 5
	supervisor status events >out
	expect_match out 'last_error.*the stream has no column "note"'
	expect_match out 'events.json: ~ text: .* now of remark .varchar'
	wait_until sh -c "[ \"\$($SUPPORT/mongo count others)\" = 1 ]"

	extract --discover events 2>err | transform --propose \
	    >new 2>>err || [ $? -eq 1 ]
	mv new schemas/events.json
	wait_until documents 6
	expect_equal "$(mongo_q count events '{"text":"new"}')" 1
	expect_equal "$(mongo_q count events '{"text":{"$exists":true}}')" 6
	expect_equal "$(mongo_q count events '{"remark":{"$exists":true}}')" 0
}
