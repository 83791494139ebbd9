# MySQL 9.7 (in the sid folder) and MariaDB 10.11 (of the host). Sourced by
# scripts/servers.

# What both get: durability that survives kill -9 but not a power cut, TLS
# with our own certificates, room for bulk loads.
sql_options() {
	echo --no-defaults --user=root --bind-address=127.0.0.1 \
	    --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 \
	    --max-allowed-packet=64M
}

# sql_client SOCKET ARGUMENT...: the mariadb client as root. It would take a
# host and a password from the environment.
sql_client() {
	local sock=$1

	shift
	env -u MYSQL_PWD mariadb --no-defaults -hlocalhost -uroot \
	    -S "$sock" "$@" </dev/null
}

sql_ready() {
	sql_client "$1" -e 'SELECT 1'
}

# Socket paths are limited to 107 bytes by the kernel.
sql_socket_fits() {
	[ ${#1} -le 107 ] || die "the path is too long for a socket: $1"
}

sql_drop_all() {
	local db

	sql_client "$1" -N -e "SELECT schema_name FROM
	    information_schema.schemata WHERE schema_name NOT IN ('mysql',
	    'sys', 'information_schema', 'performance_schema')" |
	while IFS= read -r db; do
		sql_client "$1" -e "DROP DATABASE \`${db//\`/\`\`}\`"
	done
}

sql_env() {
	export_line MILLRACE_MYSQL_PORT "$(value mysql port)"
	export_line MILLRACE_MYSQL_SOCKET "$(value mysql socket)"
	export_line MILLRACE_MARIADB_PORT "$(value mariadb port)"
	export_line MILLRACE_MARIADB_SOCKET "$(value mariadb socket)"
}

# sql_stop SERVER DATADIR KEEP HARD: data that are thrown away need no
# orderly end.
sql_stop() {
	local sig=TERM

	[ "$3" -eq 1 ] && [ "$4" -eq 0 ] || sig=KILL
	proc_stop "$1" server "$sig"
	[ "$3" -eq 1 ] || rm -rf --one-file-system -- "$2" "$RUN/$1"
}

mysql_start() {
	local dir

	dir=$(inside)/mysql
	[ -z "$(proc_pid mysql server)" ] || return 0
	if [ ! -d "$dir/data" ]; then
		mkdir -p "$dir"
		cp -a --reflink=auto "$SID/srv/template/mysql" "$dir/data"
		cp "$RUN"/tls/{ca,server-cert,server-key}.pem "$dir/"
		store mysql version "$(cache_version mysql-server-core)"
		store mysql socket "$dir/s.sock"
		sql_socket_fits "$dir/s.sock"
	fi
	launch mysql
}

mysql_launch() {
	local dir=/srv/millrace/$(cat "$RUN/id")/mysql

	# After a kill -9 its pid may be that of a zombie, taken for alive.
	rm -f -- "$(inside)/mysql/s.sock.lock"
	spawn mysql server chroot "$SID" mysqld $(sql_options) \
	    --datadir="$dir/data" --socket="$dir/s.sock" \
	    --port="$(own_port mysql port)" --mysqlx=OFF \
	    --secure-file-priv=NULL --innodb-redo-log-capacity=256M \
	    --ssl-ca="$dir/ca.pem" --ssl-cert="$dir/server-cert.pem" \
	    --ssl-key="$dir/server-key.pem"
	wait_ready mysql server sql_ready "$(value mysql socket)"
}

mysql_stop() {
	sql_stop mysql "$(inside)/mysql" "$@"
}

mysql_status() {
	status_line mysql server port
}

mysql_reset() {
	[ -z "$(proc_pid mysql server)" ] ||
	    sql_drop_all "$(value mysql socket)"
}

mariadb_start() {
	[ -z "$(proc_pid mariadb server)" ] || return 0
	if [ ! -d "$RUN/mariadb/data" ]; then
		mkdir -p "$RUN/mariadb"
		cp -a --reflink=auto "$CACHE/template/mariadb" \
		    "$RUN/mariadb/data"
		store mariadb version "$(dpkg-query -W -f '${Version}' \
		    mariadb-server-core)"
		store mariadb socket "$RUN/mariadb/s.sock"
		sql_socket_fits "$RUN/mariadb/s.sock"
	fi
	launch mariadb
}

mariadb_launch() {
	spawn mariadb server mariadbd $(sql_options) \
	    --datadir="$RUN/mariadb/data" --socket="$RUN/mariadb/s.sock" \
	    --port="$(own_port mariadb port)" --server-id=2 --log-bin=bin \
	    --binlog-format=ROW --binlog-row-image=FULL \
	    --binlog-row-metadata=FULL --ssl-ca="$RUN/tls/ca.pem" \
	    --ssl-cert="$RUN/tls/server-cert.pem" \
	    --ssl-key="$RUN/tls/server-key.pem"
	wait_ready mariadb server sql_ready "$(value mariadb socket)"
}

mariadb_stop() {
	sql_stop mariadb "$RUN/mariadb/data" "$@"
}

mariadb_status() {
	status_line mariadb server port
}

mariadb_reset() {
	[ -z "$(proc_pid mariadb server)" ] ||
	    sql_drop_all "$(value mariadb socket)"
}
