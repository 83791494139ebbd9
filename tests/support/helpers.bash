# helpers.bash: what the bats files share. Begin a file so:
#
#	load support/helpers
#	setup_file() { use_servers; }		# when it needs servers
#	teardown_file() { release_servers; }
#	setup() { cd_temp; }			# every test in its own folder
#
# Files that need no server leave out the first two. A line "# sources: mysql
# mariadb" in a file lets tests/run run it once with each as the source.
#
# The servers are those of MILLRACE_RUN, which tests/run started. When a file
# is run by hand (bats tests/extract.bats): the ones of `scripts/servers
# start`, else a throwaway set that ends with bats. MYSQL_* and MONGODB_* of
# the caller never count: they may name somebody's real servers.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SUPPORT=$ROOT/tests/support
PATH=$ROOT/bin:$PATH
export LOG_FORMAT=json LC_ALL=C.UTF-8
# Once, before use_servers sets the right ones for the tests of a file.
if [ "${MILLRACE_CLEAN-}" != "$BATS_ROOT_PID" ]; then
	for _name in ${!MYSQL_@} ${!MONGODB_@} ${!SYNC_@}; do
		[ "$_name" = MONGODB_TEST_URI ] || unset "$_name"
	done
	export MILLRACE_CLEAN=$BATS_ROOT_PID
fi

# --- Servers and databases ------------------------------------------------

# use_servers [mysql | mariadb]: set MYSQL_* and MONGODB_*, with databases
# that are this file's own. The default is MILLRACE_SOURCE, else mysql.
use_servers() {
	local source=${1:-${MILLRACE_SOURCE:-mysql}} env name

	if ! env=$("$ROOT/scripts/servers" env "$source" 2>/dev/null); then
		# Not below BATS_RUN_TMPDIR, which bats deletes first.
		MILLRACE_RUN=$(mktemp -d /tmp/millrace.XXXXXX)
		export MILLRACE_RUN
		"$ROOT/scripts/servers" start --for "$BATS_ROOT_PID" 3>&-
		env=$("$ROOT/scripts/servers" env "$source")
	fi
	eval "$env"
	export MILLRACE_SOURCE=$source
	name=t_$(basename "$BATS_TEST_FILENAME" .bats | tr -c 'a-z0-9\n' _)_$$
	use_database "$name"
}

# use_database NAME: an empty database of that name on both servers.
use_database() {
	export MYSQL_DATABASE=$1 MONGODB_DATABASE=$1
	mysql_admin "DROP DATABASE IF EXISTS \`$1\`;
	    CREATE DATABASE \`$1\` DEFAULT CHARACTER SET utf8mb4"
	mongo_q drop
}

# Drop what use_servers made.
release_servers() {
	[ -n "${MYSQL_DATABASE-}" ] || return 0
	mysql_admin "DROP DATABASE IF EXISTS \`$MYSQL_DATABASE\`"
	mongo_q drop
}

# The mariadb client on the source server; no database chosen.
mysql_admin() {
	MYSQL_PWD=$MYSQL_PASSWORD mariadb --no-defaults --protocol=tcp \
	    --skip-ssl \
	    -h "$MYSQL_HOST" -P "$MYSQL_PORT" -u "$MYSQL_USER" \
	    --default-character-set=utf8mb4 -N -B -e "$1"
}

# mysql_q SQL: run it in the test's database, in UTC, print bare rows.
mysql_q() {
	mysql_admin "USE \`$MYSQL_DATABASE\`; SET time_zone='+00:00'; $1"
}

# mongo_q count orders '{"_id":1}'; see tests/support/mongo for the verbs.
mongo_q() {
	"$SUPPORT/mongo" "$@"
}

# --- Running the stages ---------------------------------------------------

# bats has a function of this name; from here on it is the program.
load() {
	command load "$@"
}

# Every test in a folder of its own, so that no .env is found by chance.
cd_temp() {
	cd "$BATS_TEST_TMPDIR"
}

# run_stage PROGRAM ARGUMENT...: with the caller's standard input; output in
# ./out, messages in ./err, exit status in $status.
run_stage() {
	status=0
	"$@" >out 2>err || status=$?
}

# run_pipe 'extract orders | transform | load': as a shell would; $status is
# the last failing stage's, or 0.
run_pipe() {
	status=0
	bash -o pipefail -c "$1" >out 2>err </dev/null || status=$?
}

# --- Saying what is expected ----------------------------------------------

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

expect_status() {
	[ "$status" -eq "$1" ] ||
	    fail "exit status $status, not $1; messages:" "$(tail -n 20 err)"
}

# expect_equal GOT WANTED
expect_equal() {
	[ "$1" = "$2" ] || fail "got:    $1" "wanted: $2"
}

# expect_in FILE TEXT: the text occurs, as it is.
expect_in() {
	grep -qF -- "$2" "$1" || fail "not in $1: $2" "$(tail -n 20 "$1")"
}

expect_not_in() {
	! grep -F -- "$2" "$1" >&2 || fail "should not be in $1: $2"
}

# expect_match FILE REGEX: some line matches (extended).
expect_match() {
	grep -qE -- "$2" "$1" || fail "no match in $1: $2" \
	    "$(tail -n 20 "$1")"
}

# expect_same GOT WANTED: two files.
expect_same() {
	diff -u "$2" "$1" >&2
}

# expect_lines FILE COUNT
expect_lines() {
	expect_equal "$(wc -l <"$1")" "$2"
}

# --- Waiting --------------------------------------------------------------

# wait_until [-t SECONDS] COMMAND...: poll until it succeeds (20 s).
wait_until() {
	local limit=20 end pause pauses="0.005 0.01 0.02"

	if [ "$1" = -t ]; then
		limit=$2
		shift 2
	fi
	end=$((SECONDS + limit))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] ||
		    fail "not within $limit s: $*" || return
		# What starts is often there at once.
		pause=${pauses%% *}
		sleep "${pause:-0.05}"
		pauses=${pauses#"$pause"} pauses=${pauses# }
	done
}

# wait_gone PID: until a process has ended, however long its parent waits.
wait_gone() {
	wait_until process_gone "$1"
}

process_gone() {
	local line

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
	line=${line##*) }
	[ "${line:0:1}" = Z ]
}

# --- A relay between a stage and its server -------------------------------

# relay_start [OPTION ...] HOST:PORT: a relay that spies on or breaks the
# connection (see tests/support/relay for the options). Sets relay_port and
# relay_pid; the relay ends with the test's shell, or with relay_stop.
relay_start() {
	rm -f relay.port
	"$SUPPORT/relay" --for $$ --port-file relay.port "$@" \
	    >relay.out 2>&1 3>&- &
	relay_pid=$!
	wait_until test -s relay.port
	relay_port=$(cat relay.port)
}

relay_stop() {
	kill "$relay_pid" 2>/dev/null || true
	wait "$relay_pid" 2>/dev/null || true
}
