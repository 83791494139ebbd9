#!/usr/bin/env bats
# The service as it is asked and steered: a real supervisor with fake stages
# (support/fake), so that no server is needed.

load support/fakes
load support/helpers

setup() {
	cd_temp
	fake_stages
}

teardown() {
	[ -z "${pid-}" ] || stop_service
}

# --- The description ------------------------------------------------------

@test "openapi.json is whole, and names the routes that there are" {
	"$SUPPORT/api" lint
	"$SUPPORT/api" routes "$ROOT/supervisor/api.c"
}

@test "every answer is as openapi.json describes it" {
	start_service
	"$SUPPORT/api" try "$HTTP_ADDRESS"
}

@test "10,000 random requests, and the service is what a model says" {
	export SYNC_TABLES=orders,products,customers SYNC_INTERVAL_MINUTES=0.1
	# ASan keeps what is freed: not here.
	export ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0
	start_service
	"$SUPPORT/api" storm "$HTTP_ADDRESS" "${STORM:-10000}" \
	    "${SEED:-$RANDOM}" >storm || fail "$(cat storm)"
	grep '^#' storm >&3
	supervisor audit
	stop_service
	expect_equal "$(tail -n 1 log | grep -c ended)" 1
}

# --- Each route as a person tries it --------------------------------------

@test "GET /sync/status has exactly the members that were promised" {
	start_service
	wait_until ran orders 1
	wait_until ran products 1
	ask /sync/status
	expect_http 200
	expect_equal "$(json '" ".join(a)')" "sync_enabled last_sync next_sync \
sync_interval_minutes tables_synced sync_metrics tables"
	expect_equal "$(json '" ".join(a["sync_metrics"])')" \
	    "total_records last_sync_duration success_rate"
	expect_equal "$(json 'a["tables_synced"]')" "['orders', 'products']"
	expect_equal "$(json 'a["sync_metrics"]["total_records"]')" 6
	expect_equal "$(json 'a["sync_metrics"]["last_sync_duration"]')" \
	    00:00:00
	expect_equal "$(json 'a["sync_metrics"]["success_rate"]')" 100
}

@test "GET /sync/health tells of both servers and of what is guaranteed" {
	start_service
	wait_until ran products 1
	ask /sync/health
	expect_http 200
	expect_equal "$(json 'a["mysql_connection"]')" connected
	expect_equal "$(json 'a["mongodb_connection"]')" connected
	expect_equal "$(json 'a["pending_operations"], a["error_count"]')" \
	    "(0, 0)"
	expect_equal "$(json 'a["last_sync_status"]')" success
	expect_equal "$(json 'a["guarantee"]["level"]')" best-effort
	echo 111 >fake/mysql.away
	echo 111 >fake/orders.exit
	ask /sync/tables/orders/trigger -X POST
	wait_until away
	run_stage supervisor health
	expect_status 111
	rm fake/mysql.away fake/orders.exit
	wait_until supervisor health
}

away() {
	ask /sync/health
	[ "$(json 'a["mysql_connection"]')" = disconnected ]
}

@test "trigger, pause, resume: of all and of one, without a body" {
	start_service
	wait_until ran orders 1
	ask /sync/tables/orders/trigger -X POST
	expect_http 200
	wait_until ran orders 2
	expect_equal "$(runs_of products)" 1
	ask /sync/trigger -X POST
	wait_until ran products 2
	ask /sync/pause -X POST
	wait_until state_is orders paused
	ask /sync/trigger -X POST
	expect_http 409
	expect_equal "$(json 'a["code"]')" paused
	ask /sync/resume -X POST
	ask /sync/tables/products/pause -X POST
	wait_until state_is products paused
	state_is orders waiting
}

@test "a pause and an interval survive kill -9" {
	start_service
	wait_until ran orders 1
	ask /sync/tables/orders/pause -X POST
	ask /sync/interval -X PUT -H 'Content-Type: application/json' \
	    -d '{"minutes": 15}'
	expect_http 200
	kill -9 "$pid"
	wait "$pid" || true
	# The leftover stages hold the lock until they see that it is gone.
	wait_until start_service
	state_is orders paused
	ask /sync/status
	expect_equal "$(json 'a["sync_interval_minutes"]')" 15
	expect_equal "$(stat -c %a sock)" 600
}

@test "a new interval moves next_sync, and the run comes then" {
	start_service
	wait_until ran orders 1
	wait_until ran products 1
	ask /sync/tables/orders
	# The run may have begun a moment after its turn.
	was=$(json 'a["next_sync"]')
	expect_equal "$(json "59 < $(minutes "'$was'" 'a["started_at"]') <= 60")" \
	    True
	ask /sync/interval -X PUT -H 'Content-Type: application/json' \
	    -d '{"minutes": 0.05}'
	ask /sync/tables/orders
	expect_equal "$(json 'a["runs_ok"]')" 1
	expect_equal "$(json "$(minutes "'$was'" 'a["next_sync"]')")" 59.95
	due=$(json 'a["next_sync"]')
	ask /sync/status
	expect_equal "$(json 'min(t["next_sync"] for t in a["tables"])')" \
	    "$(json 'a["next_sync"]')"
	wait_until ran orders 2
	ask /sync/tables/orders
	# Not before; and that it came at all is the new interval's doing.
	[[ "$(json 'a["started_at"]')" > "$due" ]]
	ask /sync/tables/orders/interval -X PUT \
	    -H 'Content-Type: application/json' -d '{"minutes": 30}'
	ask /sync/tables/orders
	expect_equal "$(json 'a["interval_minutes"]')" 30
	ask /sync/tables/products
	expect_equal "$(json 'a["interval_minutes"]')" 0.05
}

# minutes LATER EARLIER: an expression for json, with two digits.
minutes() {
	echo "round((datetime.datetime.fromisoformat($1) -
	    datetime.datetime.fromisoformat($2)).total_seconds() / 60, 2)"
}

@test "restart of a stage gives new processes, and nothing is lost" {
	start_service
	wait_until ran orders 1
	before=$(pgrep -P "$pid" -f orders || true)
	ask /sync/tables/orders/restart -X POST \
	    -H 'Content-Type: application/json' -d '{"stage": "transform"}'
	[ "$http" = 200 ] || [ "$http" = 202 ]
	ask /sync/tables/orders/trigger -X POST
	wait_until ran orders 2
	after=$(pgrep -P "$pid" -f orders || true)
	[ -z "$after" ] || [ "$before" != "$after" ]
	ask /sync/tables/orders/restart -X POST \
	    -H 'Content-Type: application/json' -d '{"stage": "nosuch"}'
	expect_http 404
	expect_equal "$(json 'a["code"]')" no_stage
}

@test "a repeated Idempotency-Key is answered again, and not done again" {
	start_service
	wait_until ran orders 1
	ask /sync/tables/orders/trigger -X POST -H 'Idempotency-Key: k1'
	first=$(cat answer)
	wait_until ran orders 2
	ask /sync/tables/orders/trigger -X POST -H 'Idempotency-Key: k1'
	expect_equal "$(cat answer)" "$first"
	ask /sync/pause -X POST -H 'Idempotency-Key: k1'
	expect_http 409
	expect_equal "$(json 'a["code"]')" key_reused
	sleep 0.5
	expect_equal "$(runs_of orders)" 2
}

@test "/healthz, /readyz and /metrics" {
	start_service
	wait_until ran orders 1
	ask /healthz
	expect_http 200
	expect_equal "$(cat answer)" '{"status":"ok"}'
	ask /readyz
	expect_http 200
	ask /metrics
	expect_http 200
	expect_in answer 'millrace_records_read_total{table="orders"} 3'
	expect_in answer 'millrace_runs_total{table="orders",result="ok"} 1'
	expect_in answer 'millrace_lag_seconds_count{table="orders"} 1'
	expect_in answer 'millrace_server_up{server="mysql"} 1'
	# Each has its place in the manual.
	names=$(sed -n 's/^# TYPE \(millrace_\)\?\([a-z_]*\) .*/\2/p' answer)
	[ "$(wc -w <<<"$names")" -gt 40 ]
	for name in $names; do
		grep -qw "$name" "$ROOT/supervisor/supervisor-api.7" ||
		    fail "$name is in no manual"
	done
	if command -v promtool; then
		promtool check metrics <answer
	fi
}

@test "/readyz is 503 before both servers were reached" {
	echo 111 >fake/mongodb.away
	supervisor >out 2>log 3>&- &
	pid=$!
	wait_until test -S sock
	ask /readyz
	expect_http 503
	expect_equal "$(json 'a["code"]')" not_ready
	ask /healthz
	expect_http 200
	rm fake/mongodb.away
	wait_until supervisor ready
}

# --- Hostile and broken clients -------------------------------------------

# hostile NAME ADDRESS [TOKEN]: a service there, asked as no decent client
# would.
hostile() {
	mkdir "$1"
	cd "$1"
	export STATE_DIR=$PWD/state HTTP_ADDRESS=$2 HTTP_TOKEN=${3-}
	start_service
	"$SUPPORT/rawhttp" "$2" ${3+"$3"} >raw || fail "$1: $(grep '^not' raw)"
	expect_match raw '^ok slow_body'
	stop_service
}

@test "bare sockets: malformed, slow, too large, too many" {
	# What is slow takes its time: all three at once.
	pids=
	for at in "tcp 127.0.0.1:$(free_port)" "unix unix:$PWD/raw.sock" \
	    "token 127.0.0.1:$(free_port) 0123456789abcdef0123456789abcdef"; do
		(hostile $at) 3>&- &
		pids="$pids $!"
	done
	for p in $pids; do
		wait "$p"
	done
}

@test "with a token: without it nothing but /healthz and /readyz" {
	port=$(free_port)
	umask 077
	printf '%s\n' 'ops 0123456789abcdef0123456789abcdef' \
	    'dash read fedcba9876543210fedcba9876543210' >token
	export HTTP_ADDRESS=0.0.0.0:$port HTTP_TOKEN_FILE=$PWD/token
	start_service
	# The one that may only look.
	http=$(curl -s -o answer -w '%{http_code}' -X POST \
	    -H 'Authorization: Bearer fedcba9876543210fedcba9876543210' \
	    "http://127.0.0.1:$port/sync/pause")
	expect_http 403
	expect_equal "$(json 'a["code"]')" read_only
	expect_in state/audit.jsonl '"who":"token:dash"'
	# Another token in the file holds at once.
	echo 'new 00000000000000001111111111111111' >token
	kill -HUP "$pid"
	wait_until accepted 00000000000000001111111111111111
	! accepted 0123456789abcdef0123456789abcdef
	# No token is in the log or in the process's environment.
	expect_not_in log 0123456789abcdef0123
	! tr '\0' '\n' <"/proc/$pid/environ" | grep 0123456789abcdef
}

accepted() {
	[ "$(curl -s -o answer -w '%{http_code}' \
	    -H "Authorization: Bearer $1" \
	    "http://127.0.0.1:$port/sync/status")" = 200 ]
}

@test "an address that others reach is refused without a token" {
	HTTP_ADDRESS=0.0.0.0:8210 run_stage supervisor
	expect_status 100
	expect_in err "that needs a token (HTTP_TOKEN_FILE)"
	HTTP_ADDRESS=nonsense run_stage supervisor
	expect_status 100
	expect_in err 'HTTP_ADDRESS: \"nonsense\" is not'
	HTTP_TOKEN=short run_stage supervisor
	expect_status 100
	expect_in err "HTTP_TOKEN: line 1 is no token"
	expect_not_in err short
	ALERT_COMMAND='echo | sh' run_stage supervisor
	expect_status 100
	expect_in err "ALERT_COMMAND"
}

@test "a socket that is in use is not taken away; a dead one is" {
	start_service
	STATE_DIR=$PWD/other run_stage supervisor
	expect_status 100
	expect_in err "another program listens at"
	supervisor ready
	kill -9 "$pid"
	wait "$pid" || true
	test -S sock
	wait_until start_service
	touch file
	HTTP_ADDRESS=unix:$PWD/file STATE_DIR=$PWD/other run_stage supervisor
	expect_status 100
	test -f file
}

@test "HTTP_ADDRESS=off: no API, and the client says so" {
	HTTP_ADDRESS=off supervisor >out 2>log 3>&- &
	pid=$!
	wait_until grep -qs '"operation":"run","outcome":"ok"' log
	HTTP_ADDRESS=off run_stage supervisor status
	expect_status 100
	expect_in err "HTTP_ADDRESS is off"
}

# --- The client -----------------------------------------------------------

@test "the client: a table for people, --json for programs" {
	start_service
	wait_until ran orders 1
	wait_until ran products 1
	run_stage supervisor status
	expect_status 0
	expect_match out '^orders +waiting '
	expect_match out '^TABLE +STATE '
	run_stage supervisor status --json
	"$SUPPORT/api" lint
	/usr/bin/python3 -c 'import json; json.load(open("out"))["tables"]'
	run_stage supervisor tables
	expect_lines out 3
	run_stage supervisor status orders
	expect_match out '^runs_ok +1$'
	run_stage supervisor health
	expect_match out '^mysql_connection +connected$'
	run_stage supervisor pause orders products
	expect_status 0
	expect_lines out 2
	run_stage supervisor trigger orders
	expect_status 100
	expect_in err "It is paused"
	run_stage supervisor resume
	run_stage supervisor resume orders products
	expect_status 0
	run_stage supervisor interval 15 orders
	expect_in out "orders: It holds from now on."
	run_stage supervisor interval default orders
	expect_status 0
	run_stage supervisor restart orders transform
	expect_status 0
	run_stage supervisor reload
	expect_status 0
	run_stage supervisor pause nosuch
	expect_status 100
	expect_in err "No table called nosuch"
	run_stage supervisor interval often
	expect_status 100
	run_stage supervisor status --nosuch
	expect_status 100
}

@test "the client: --watch paints again until it is interrupted" {
	start_service
	supervisor tables --watch=0.2 >watched 3>&- &
	watcher=$!
	wait_until lines_in watched 6
	kill -INT "$watcher"
	wait "$watcher"
	supervisor status --json -w0.2 3>&- >watched &
	watcher=$!
	wait_until lines_in watched 3
	kill "$watcher"
	head -n 1 watched >answer
	json 'a["tables"]'
	if supervisor status >/dev/full 2>err; then
		fail "a full disk is no success"
	fi
}

lines_in() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "the client: no service, no answer, exit code 111" {
	run_stage supervisor status
	expect_status 111
	expect_in err "does the service run"
}

# --- Alerts ---------------------------------------------------------------

alert_program() {
	cat >bin/alert <<-'E'
	#!/bin/bash
	cat >>"${0%/*}/../alerts.json"
	echo "$MILLRACE_STATE $MILLRACE_ALERT $MILLRACE_SUBJECT $1" \
	    >>"${0%/*}/../alerts"
	env | cut -d= -f1 | sort >"${0%/*}/../alert.env"
	E
	chmod +x bin/alert
	export ALERT_COMMAND="alert 'two words'" ALERT_HOLD_SECONDS=1
}

@test "ALERT_COMMAND: raised, and cleared, with fields and without secrets" {
	alert_program
	export MONGODB_URI=mongodb://u:secret@h/ MYSQL_PASSWORD=secret
	echo 100 >fake/orders.exit
	start_service
	wait_until grep -qxF 'raised failed orders two words' alerts
	expect_match alerts.json '"text":"millrace on .*orders: stopped'
	expect_not_in alert.env MYSQL_PASSWORD
	expect_not_in alert.env FAKE
	rm fake/orders.exit
	supervisor trigger orders
	wait_until grep -qxF 'cleared failed orders two words' alerts
	stop_service
	[ -z "$(pgrep -f "$PWD/bin" || true)" ]
}

@test "ALERT_COMMAND: one that fails or hangs harms nobody" {
	cat >bin/alert <<-'E'
	#!/bin/bash
	echo "no network"
	exit 3
	E
	chmod +x bin/alert
	export ALERT_COMMAND=alert
	echo 100 >fake/orders.exit
	start_service
	wait_until grep -qs 'ALERT_COMMAND: exit code 3: no network"' log
	stop_service
	printf '#!/bin/bash\nsleep 1000 & sleep 1000\n' >bin/alert
	start_service
	wait_until pgrep -f "$PWD/bin/alert"
	supervisor health || true
	wait_until ran products 1
	stop_service
}

@test "ALERT_WEBHOOK_URL: delivered, and tried again" {
	port=$(free_port)
	export ALERT_WEBHOOK_URL=http://127.0.0.1:$port/hook/secret
	echo 100 >fake/orders.exit
	start_service
	wait_until grep -qs 'ALERT_WEBHOOK_URL: ' log
	/usr/bin/python3 - "$port" >got 2>&1 3>&- <<-'E' &
	import http.server, sys
	class H(http.server.BaseHTTPRequestHandler):
	    n = 0
	    def do_POST(self):
	        H.n += 1
	        body = self.rfile.read(int(self.headers["Content-Length"]))
	        self.send_response(503 if H.n == 1 else 200)
	        self.send_header("Content-Length", "0")
	        self.end_headers()
	        print(self.path, self.headers["Content-Type"], body.decode(),
	              flush=True)
	at = ("127.0.0.1", int(sys.argv[1]))
	http.server.HTTPServer(at, H).serve_forever()
	E
	hook=$!
	wait_until -t 40 hooked 2
	kill "$hook"
	expect_match got '^/hook/secret application/json \{"text":"millrace on'
	expect_in log "HTTP status 503; it is tried again"
	expect_not_in log hook/secret
}

hooked() {
	[ "$(grep -c hook/secret got)" -ge "$1" ]
}

@test "rejects and unusual numbers of rows are told of" {
	alert_program
	echo 1 >fake/orders.rejected
	export SYNC_INTERVAL_MINUTES=0.02
	start_service
	wait_until grep -qxF 'raised rejects orders two words' alerts
	# Six runs tell what is usual.
	supervisor pause orders
	for n in 2 3 4 5 6; do
		supervisor trigger products
		wait_until ran products "$n"
	done
	supervisor resume orders
	echo 2000 >fake/products.rows
	wait_until grep -qxF 'raised row_count products two words' alerts
	rm fake/orders.rejected
	wait_until grep -qxF 'cleared rejects orders two words' alerts
}

@test "an alert that is under way when the service stops arrives" {
	cat >bin/slow <<-'E'
	#!/bin/bash
	: >"${0%/*}/../begun"
	until [ -e "${0%/*}/../go" ]; do read -rt 0.05 <> <(:) || :; done
	: >"${0%/*}/../arrived"
	E
	chmod +x bin/slow
	echo 100 >fake/orders.exit
	ALERT_COMMAND=slow start_service
	wait_until test -e begun
	kill "$pid"
	wait_until grep -q 'the pipelines drain' log
	: >go
	wait "$pid" || fail "exit status $?"
	[ -e arrived ]
}

@test "what rows are usual is known after a restart" {
	alert_program
	export SYNC_INTERVAL_MINUTES=0.02
	echo 500 >fake/products.rows
	start_service
	wait_until ran products 6
	stop_service
	expect_match state/usual '^rows.products=500 500 500 500 '
	# The first run is judged by those before, and the other table's stay.
	echo 3 >fake/products.rows
	SYNC_TABLES=products start_service
	wait_until grep -qxF 'raised row_count products two words' alerts
	expect_in log 'only 3 rows in a run, usual are 500'
	stop_service
	expect_match state/usual '^rows.products=500 .* 3'
	expect_match state/usual '^rows.orders='
	# One that is damaged does no harm.
	echo >>state/usual
	start_service
	expect_in log "learned again"
}

@test "--once: alerts arrive before it ends, and it is audited" {
	alert_program
	echo 100 >fake/orders.exit
	run_stage supervisor --once
	expect_status 100
	expect_equal "$(cat alerts)" 'raised failed orders two words'
	expect_match state/audit.jsonl '"action":"start".*--once'
	expect_match state/audit.jsonl '"action":"stop"'
	supervisor audit
	[ ! -e sock ]
}

@test "a leftover that holds the lock: exit code 111, to be tried again" {
	mkdir -m 700 state
	sh -c 'echo $$' >dead
	echo "$(cat dead) $(hostname) 2026-01-02T03:04:05Z" >state/lock
	chmod 600 state/lock
	(flock 9 && exec sleep 60) 9<>state/lock 3>&- &
	holder=$!
	held() { ! flock -n state/lock true; }
	wait_until held
	run_stage supervisor
	expect_status 111
	expect_in err "process $(cat dead) on $(hostname), since 2026"
	expect_in err 'a program that it started still runs'
	# Somebody alive is no leftover.
	echo "$$ $(hostname) 2026-01-02T03:04:05Z" >state/lock
	run_stage supervisor
	expect_status 100
	expect_in err "process $$ on $(hostname), since 2026"
	kill "$holder"
}

@test "stages that outlive the service hold its lock" {
	local p pids

	echo 60 >fake/orders.sleep
	start_service
	wait_until state_is orders running
	pids=$(pgrep -P "$pid")
	for p in $pids; do
		pids="$pids $(pgrep -P "$p" || true)"
	done
	kill -9 "$pid"
	wait "$pid" || true
	run_stage timeout 60 supervisor
	expect_status 111
	expect_in err 'a program that it started still runs'
	for p in $pids; do
		kill -9 "$p" 2>/dev/null || true
	done
	wait_until flock -n state/lock true
}

# --- The audit file -------------------------------------------------------

@test "the audit file: who did what, and its chain" {
	start_service
	supervisor pause orders
	supervisor interval 15
	stop_service
	supervisor audit
	expect_match state/audit.jsonl '"who":"supervisor","action":"start"'
	expect_match state/audit.jsonl \
	    '"who":"uid:[0-9]+","from":"unix","action":"pause","table":"ord'
	expect_match state/audit.jsonl '"action":"interval","detail":"15 minut'
	expect_match state/audit.jsonl '"who":"supervisor","action":"stop"'
	expect_match log '"operation":"audit".*"audit_hash":"[0-9a-f]{64}"'
	expect_equal "$(stat -c %a state/audit.jsonl)" 600
	sed -i '2s/orders/others/' state/audit.jsonl
	run_stage supervisor audit
	expect_status 100
	expect_in err "audit.jsonl:2: the chain is broken here"
}

# --- Descriptors ----------------------------------------------------------

@test "stages and alerts inherit no socket of ours" {
	alert_program
	echo 'ls -l /proc/self/fd >"${0%/*}/../alert.fds"' >>bin/alert
	echo 100 >fake/orders.exit
	start_service
	wait_until test -s alert.fds
	expect_not_in alert.fds socket
	expect_not_in alert.fds eventpoll
	stage=$(pgrep -P "$pid" | head -n 1)
	[ -z "$stage" ] || ! ls -l "/proc/$stage/fd" | grep socket:
}
