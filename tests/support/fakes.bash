# A real supervisor with fake stages (support/fake), so that no server is
# needed; asked over its Unix socket ./sock.

# fake_stages: in ./bin, which comes first; what they do stands in ./fake.
fake_stages() {
	mkdir bin fake
	cp "$ROOT/bin/supervisor" "$SUPPORT"/fake/* bin/
	export FAKE=$PWD/fake STATE_DIR=$PWD/state
	export SYNC_TABLES=orders,products SYNC_INTERVAL_MINUTES=60
	export HTTP_ADDRESS=unix:$PWD/sock SYNC_RETRY_DELAY=1
	PATH=$PWD/bin:$PATH
}

# start_service: in the background, until it is ready.
start_service() {
	supervisor >out 2>log 3>&- &
	pid=$!
	wait_until supervisor ready 2>/dev/null || fail "not ready" "$(cat log)"
}

stop_service() {
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
	pid=
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# ask PATH [CURL OPTION ...]: the answer in ./answer, its status in $http.
ask() {
	local path=$1

	shift
	http=$(curl -s -o answer -w '%{http_code}' --unix-socket sock "$@" \
	    "http://localhost$path")
}

expect_http() {
	[ "$http" = "$1" ] || fail "status $http, not $1: $(cat answer)"
}

# json EXPRESSION: of ./answer, as Python sees it.
json() {
	/usr/bin/python3 -c 'import datetime, json, sys
a = json.load(open("answer"))
print(eval(sys.argv[1]))' "$1"
}

runs_of() {
	ask "/sync/tables/$1"
	json 'a["runs_ok"]'
}

ran() {
	[ "$(runs_of "$1")" -ge "$2" ]
}

state_is() {
	ask "/sync/tables/$1"
	[ "$(json 'a["state"]')" = "$2" ]
}
