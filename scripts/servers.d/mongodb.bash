# The MongoDB server: MONGODB_TEST_URI, a mongod on PATH, or FerretDB in
# front of PostgreSQL with DocumentDB. Sourced by scripts/servers.

PG=/usr/lib/postgresql/18/bin

# Which of the three: uri, mongod or ferretdb.
mongodb_kind() {
	if [ -n "${MONGODB_TEST_URI-}" ]; then
		echo uri
	elif [ -n "$(value mongodb kind)" ]; then
		value mongodb kind
	elif command -v mongod >/dev/null; then
		echo mongod
	else
		echo ferretdb
	fi
}

mongodb_uri() {
	case "$(mongodb_kind)" in
	uri)		printf '%s\n' "$MONGODB_TEST_URI" ;;
	mongod)		echo "mongodb://127.0.0.1:$(value mongodb port)/?replicaSet=rs0" ;;
	ferretdb)	echo "mongodb://127.0.0.1:$(value mongodb port)/" ;;
	esac
}

mongodb_start() {
	local kind

	kind=$(mongodb_kind)
	if [ "$kind" = uri ]; then
		MONGODB_URI=$MONGODB_TEST_URI "$HERE/servers.d/mongo" ping 10
		return
	fi
	[ -z "$(proc_pid mongodb server)" ] || return 0
	mkdir -p "$RUN/mongodb"
	store mongodb kind "$kind"
	"${kind}_prepare"
	launch mongodb
}

mongodb_launch() {
	"$(value mongodb kind)_launch"
}

# mongodb_stop KEEP HARD
mongodb_stop() {
	case "$(value mongodb kind)" in
	mongod)		mongod_stop "$@" ;;
	ferretdb)	ferretdb_stop "$@" ;;
	esac
	[ "$1" -eq 1 ] || rm -rf --one-file-system -- "$RUN/mongodb"
}

mongodb_status() {
	if [ "$(mongodb_kind)" = uri ]; then
		printf '%-8s  %-9s  %s\n' mongodb external MONGODB_TEST_URI
		return
	fi
	status_line mongodb server port
}

mongodb_running() {
	[ "$(mongodb_kind)" = uri ] || [ -n "$(proc_pid mongodb server)" ]
}

mongodb_env() {
	local port

	export_line MONGODB_URI "$(mongodb_uri)"
	port=$(value mongodb tls-port)
	[ -z "$port" ] || export_line MILLRACE_MONGODB_TLS_URI \
	    "mongodb://127.0.0.1:$port/?tls=true&tlsCAFile=$RUN/tls/ca.pem"
}

mongodb_reset() {
	if [ "$(mongodb_kind)" = uri ]; then
		say "mongodb: MONGODB_TEST_URI is not ours, nothing dropped"
	elif [ -n "$(proc_pid mongodb server)" ]; then
		MONGODB_URI=$(mongodb_uri) "$HERE/servers.d/mongo" reset
	fi
}

mongodb_ready() {
	MONGODB_URI=$1 "$HERE/servers.d/mongo" ping 1
}

mongod_prepare() {
	mkdir -p "$RUN/mongodb/data"
	store mongodb version "$(mongod --version | head -n 1)"
}

mongod_launch() {
	local port tls

	port=$(own_port mongodb port)
	tls=$RUN/tls/server.pem
	[ -s "$tls" ] || cat "$RUN"/tls/server-{cert,key}.pem >"$tls"
	spawn mongodb server mongod --dbpath "$RUN/mongodb/data" \
	    --bind_ip 127.0.0.1 --port "$port" --replSet rs0 \
	    --tlsMode preferTLS --tlsCertificateKeyFile "$tls" \
	    --tlsCAFile "$RUN/tls/ca.pem" \
	    --tlsAllowConnectionsWithoutCertificates
	store mongodb tls-port "$port"
	wait_ready mongodb server mongodb_ready \
	    "mongodb://127.0.0.1:$port/?directConnection=true"
	MONGODB_URI="mongodb://127.0.0.1:$port/?directConnection=true" \
	    "$HERE/servers.d/mongo" initiate "127.0.0.1:$port"
	wait_ready mongodb server mongodb_ready "$(mongodb_uri)"
}

mongod_stop() {
	local sig=TERM

	[ "$1" -eq 1 ] && [ "$2" -eq 0 ] || sig=KILL
	proc_stop mongodb server "$sig"
}

ferretdb_prepare() {
	local dir

	dir=$(inside)/postgres
	[ ! -d "$dir" ] || return 0
	cp -a --reflink=auto "$SID/srv/template/postgres" "$dir"
	store mongodb version "FerretDB $(cat "$CACHE/bin/ferretdb.version")"
	store mongodb engine "PostgreSQL $(cache_version postgresql-18), DocumentDB $(cache_version postgresql-18-documentdb)"
}

ferretdb_launch() {
	local pgport

	[ -n "$(proc_pid mongodb engine)" ] || engine_launch
	pgport=$(value mongodb engine-port)
	mkdir -p "$RUN/mongodb/state"
	spawn mongodb server "$CACHE/bin/ferretdb" --no-auth \
	    --telemetry=disable --debug-addr=- --log-level=error \
	    --state-dir="$RUN/mongodb/state" \
	    --listen-addr="127.0.0.1:$(own_port mongodb port)" \
	    --listen-tls="127.0.0.1:$(own_port mongodb tls-port)" \
	    --listen-tls-cert-file="$RUN/tls/server-cert.pem" \
	    --listen-tls-key-file="$RUN/tls/server-key.pem" \
	    --postgresql-url="postgres://postgres@127.0.0.1:$pgport/postgres"
	wait_ready mongodb server mongodb_ready "$(mongodb_uri)"
}

# PostgreSQL. After a kill -9 it must not start before its last child has
# gone, and the pid in its lock file may be that of a zombie.
engine_launch() {
	local dir=/srv/millrace/$(cat "$RUN/id")/postgres port

	port=$(own_port mongodb engine-port)
	while engine_children; do
		sleep 0.05
	done
	rm -f -- "$SID$dir/postmaster.pid"
	spawn mongodb engine chroot --userspec=postgres:postgres "$SID" \
	    "$PG/postgres" -D "$dir" -p "$port"
	wait_ready mongodb engine chroot "$SID" "$PG/pg_isready" -q \
	    -h 127.0.0.1 -p "$port"
}

# Is there a process at work in the data directory?
engine_children() {
	local dir p

	dir=$(realpath "$(inside)/postgres")
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/cwd")" != "$dir" ] || return 0
	done 2>/dev/null
	return 1
}

# ferretdb_stop KEEP HARD: for PostgreSQL INT is an orderly end, QUIT an
# immediate one that leaves no children behind.
ferretdb_stop() {
	local sig=INT

	if [ "$1" -eq 0 ]; then
		sig=QUIT
	elif [ "$2" -eq 1 ]; then
		sig=KILL
	fi
	proc_stop mongodb server KILL
	proc_stop mongodb engine "$sig"
	while [ "$sig" = KILL ] && engine_children; do
		sleep 0.05
	done
	[ "$1" -eq 1 ] || rm -rf --one-file-system -- "$(inside)/postgres"
}
