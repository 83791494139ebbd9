# The cache: programs and templates, built once. Sourced by scripts/servers.
#
# CACHE/sid             Debian sid: MySQL, PostgreSQL with DocumentDB,
#                       and the client library of MySQL (for the build)
# CACHE/sid/srv/template/{mysql,postgres}
# CACHE/template/mariadb
# CACHE/bin/ferretdb
# CACHE/tls             certificates for tests
#
# Everything is built under a name that ends in .new and then renamed, so an
# interrupted build is never taken for a complete one.

FERRETDB=github.com/FerretDB/FerretDB/v2/cmd/ferretdb
FERRETDB_VERSION=v2.7.0

# Build what the servers in $1 need, one builder at a time.
cache_ready() {
	local sid=0 ferret=0 n

	for n in $1; do
		case "$n" in
		mysql)		sid=1 ;;
		mongodb)	[ "$(mongodb_kind)" != ferretdb ] ||
				    { sid=1; ferret=1; } ;;
		esac
	done
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock"
	if ! flock -w 3 9; then	# just another look at it, mostly
		say "waiting for another build of the cache"
		flock 9
	fi
	# The two long ones side by side: one compiles, one downloads.
	if [ "$ferret" -eq 1 ] && [ ! -x "$CACHE/bin/ferretdb" ] &&
	    go_is_new; then
		build ferretdb &
	fi
	[ "$sid" -eq 0 ] || [ -d "$SID" ] || build sid
	wait
	[ "$ferret" -eq 0 ] || [ -x "$CACHE/bin/ferretdb" ] || build ferretdb
	[ -d "$CACHE/tls" ] || build tls
	case " $1 " in
	*" mariadb "*)
		[ -d "$CACHE/template/mariadb" ] || build mariadb ;;
	esac
	[ "$sid" -eq 0 ] || [ -d "$SID/srv/template/mysql" ] || build mysql
	[ "$ferret" -eq 0 ] || [ -d "$SID/srv/template/postgres" ] ||
	    build postgres
	[ "$sid" -eq 0 ] || sweep
	exec 9>&-
}

# build NAME: run build_NAME with its output in a log, and say how long.
build() {
	local start=$SECONDS log=$CACHE/build-$1.log

	say "building $1 in $CACHE (once; log: $log)"
	if ! "build_$1" >"$log" 2>&1 </dev/null; then
		tail -n 5 "$log" >&2
		say "building $1 failed, see $log"
		exit 111
	fi
	say "building $1 took $((SECONDS - start)) s"
}

# Version of a package in the sid folder.
cache_version() {
	dpkg-query --admindir="$SID/var/lib/dpkg" -W -f '${Version}' "$1"
}

# The mirror in the host's apt sources; debootstrap has a default, too.
mirror() {
	local m=${MILLRACE_MIRROR-}

	[ -n "$m" ] || m=$(apt-get indextargets --format '$(REPO_URI)' \
	    'Created-By: Packages' 'Label: Debian' 2>/dev/null | head -n 1)
	echo "$m"
}

# The mounts live in a mount namespace of their own: they vanish with the
# builder, however it ends.
build_sid() {
	rm -rf --one-file-system -- "$SID.new" &&
	unshare --mount --propagation private "$HERE/servers" in-namespace \
	    fill_sid "$SID.new" "$(mirror)" &&
	mv "$SID.new" "$SID"
}

# Runs in the namespace.
fill_sid() {
	local dir=$1 proxy

	proxy=$(apt-config shell p Acquire::http::Proxy)
	eval "$proxy"
	[ -z "${p-}" ] || export http_proxy="${http_proxy-$p}"
	debootstrap --variant=minbase \
	    --include=mysql-server-core,mysql-client-core,libmysqlclient-dev \
	    sid "$dir" ${2:+"$2"}
	printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
	chmod +x "$dir/usr/sbin/policy-rc.d"
	cp -L /etc/resolv.conf /etc/hosts "$dir/etc/"
	mkdir -p "$dir/etc/ssl/certs"
	cp /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/"
	mount --bind /proc "$dir/proc"
	mount --bind /dev "$dir/dev"
	chroot "$dir" env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y --no-install-recommends \
	    postgresql-18-documentdb
	chroot "$dir" apt-get clean
	mkdir -p "$dir/srv/millrace" "$dir/srv/template"
}

go_is_new() {
	local v

	command -v go >/dev/null || return 1
	v=$(GOTOOLCHAIN=local go env GOVERSION) || return 1
	v=${v#go1.}
	[ "${v%%.*}" -ge 25 ] 2>/dev/null
}

# With the host's Go when it is new enough, else with that of the sid folder.
build_ferretdb() {
	local tmp=$CACHE/go.new

	rm -rf -- "$tmp"
	mkdir -p "$tmp" "$CACHE/bin"
	if go_is_new; then
		GOPATH=$tmp GOMODCACHE=$tmp/mod GOCACHE=$tmp/cache \
		GOBIN=$tmp/bin GOFLAGS=-modcacherw GOTOOLCHAIN=local \
		CGO_ENABLED=0 \
		go install "$FERRETDB@$FERRETDB_VERSION" || return
	else
		unshare --mount --propagation private "$HERE/servers" \
		    in-namespace compile_in_sid || return
		mkdir -p "$tmp/bin"
		mv "$SID/usr/local/bin/ferretdb" "$tmp/bin/" || return
	fi
	"$tmp/bin/ferretdb" --version || return
	echo "$FERRETDB_VERSION" >"$CACHE/bin/ferretdb.version"
	mv "$tmp/bin/ferretdb" "$CACHE/bin/ferretdb"
	rm -rf -- "$tmp"
}

# Runs in the namespace.
compile_in_sid() {
	mount --bind /proc "$SID/proc"
	mount --bind /dev "$SID/dev"
	chroot "$SID" env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y --no-install-recommends \
	    golang-go ca-certificates
	chroot "$SID" apt-get clean
	cp /etc/ssl/certs/ca-certificates.crt "$SID/etc/ssl/certs/"
	chroot "$SID" env HOME=/root GOPROXY="${GOPROXY-}" \
	    GOTOOLCHAIN=local GOFLAGS=-modcacherw GOPATH=/root/go \
	    GOCACHE=/root/go/cache GOBIN=/usr/local/bin CGO_ENABLED=0 \
	    go install "$FERRETDB@$FERRETDB_VERSION"
	rm -rf -- "$SID/root/go"
}

build_mysql() {
	local new=/srv/template/mysql.new

	rm -rf -- "$SID$new"
	chroot "$SID" mysqld --no-defaults --initialize-insecure --user=root \
	    --datadir="$new" --innodb-redo-log-capacity=8M || return
	rm -f -- "$SID$new/auto.cnf"	# each copy gets its own server_uuid
	mv "$SID$new" "$SID${new%.new}"
}

build_mariadb() {
	local new=$CACHE/template/mariadb.new

	rm -rf -- "$new"
	mkdir -p "$new"
	mariadb-install-db --no-defaults --user=root --datadir="$new" \
	    --auth-root-authentication-method=normal --skip-test-db || return
	mv "$new" "${new%.new}"
}

# A cluster with the extension in it. Never run as root.
build_postgres() {
	local new=/srv/template/postgres.new port rc=0

	rm -rf -- "$SID$new"
	mkdir -p "$SID$new"
	chroot "$SID" chown postgres:postgres "$new"
	as_postgres "$PG/initdb" -D "$new" -A trust -E UTF8 \
	    --locale=C.UTF-8 -N || return
	cat >>"$SID$new/postgresql.conf" <<-'E' || return
	listen_addresses = '127.0.0.1'
	unix_socket_directories = ''
	shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
	cron.database_name = 'postgres'
	deadlock_timeout = '20ms'
	fsync = off
	full_page_writes = off
	E
	port=$(free_port)
	as_postgres "$PG/pg_ctl" -D "$new" -l "$new/build.log" -w \
	    -o "-p $port" start || { cat "$SID$new/build.log"; return 1; }
	as_postgres psql -h 127.0.0.1 -p "$port" -d postgres \
	    -c 'CREATE EXTENSION documentdb CASCADE' || rc=$?
	as_postgres "$PG/pg_ctl" -D "$new" -w stop || return
	[ "$rc" -eq 0 ] || return 1
	mv "$SID$new" "$SID${new%.new}"
}

as_postgres() {
	chroot --userspec=postgres:postgres "$SID" "$@"
}

# A CA and certificates for localhost, a client, another name, and a CA that
# signed none of them.
build_tls() {
	local d=$CACHE/tls.new

	rm -rf -- "$d"
	mkdir -p "$d"
	tls_ca "$d" ca && tls_ca "$d" wrong-ca &&
	tls_cert "$d" server localhost 'DNS:localhost,IP:127.0.0.1' &&
	tls_cert "$d" other other.example 'DNS:other.example' &&
	tls_cert "$d" client millrace 'DNS:millrace' &&
	rm -f "$d"/*.csr "$d"/*.ext &&
	mv "$d" "${d%.new}"
}

# tls_ca DIR NAME: NAME.pem and NAME-key.pem
tls_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 3650 -subj "/CN=millrace test $2" \
	    -keyout "$1/$2-key.pem" -out "$1/$2.pem"
}

# tls_cert DIR NAME CN SAN: NAME-cert.pem and NAME-key.pem, signed by ca
tls_cert() {
	printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$4" \
	    >"$1/$2.ext" &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -subj "/CN=$3" -keyout "$1/$2-key.pem" -out "$1/$2.csr" &&
	openssl x509 -req -in "$1/$2.csr" -CA "$1/ca.pem" \
	    -CAkey "$1/ca-key.pem" -CAcreateserial -days 3650 \
	    -extfile "$1/$2.ext" -out "$1/$2-cert.pem"
}
