"""The programs to compare with: where they are, and how they are called."""
import os
import shutil
import subprocess
import sys

from .world import BENCH, CACHE, PROGRAMS

PYMONGO = "pymongo==4.15.4"


def first_line(*command):
    try:
        p = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.STDOUT, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return p.stdout.strip().split("\n")[0]


def mysql_client(w, program, *args):
    """A client program of the MySQL set, on its database."""
    e = w.env
    return ["chroot", w.sid, program, "--no-defaults", "-h", e["MYSQL_HOST"],
            "-P", e["MYSQL_PORT"], "-u", e["MYSQL_USER"], *args]


def mysql(w, table):
    return mysql_client(w, "mysql", "--batch", "--quick",
                        "--skip-column-names",
                        "--default-character-set=utf8mb4",
                        w.env["MYSQL_DATABASE"], "-e",
                        f"SELECT * FROM {table}")


def mysqldump(w, table):
    return mysql_client(w, "mysqldump", "--quick", "--no-create-info",
                        "--single-transaction", "--set-gtid-purged=OFF",
                        w.env["MYSQL_DATABASE"], table)


def mydumper(w, table, to_null=True):
    """It writes files only: this one is the null device."""
    out = w.tmp / "mydumper"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    if to_null:
        name = f"{w.env['MYSQL_DATABASE']}.{table}.sql"
        (out / name).symlink_to("/dev/null")
    e = w.env
    return ["mydumper", "-t", "1", "-k", "-m", "-h", e["MYSQL_HOST"], "-P",
            e["MYSQL_PORT"], "-u", e["MYSQL_USER"], "-B",
            e["MYSQL_DATABASE"], "-T", table, "-o", out]


def jq(script, *options):
    return ["jq", "-c", *options, "-f", BENCH / script]


def have(program):
    return shutil.which(program) is not None


def quietly(command):
    """Run it; what it says is shown only when it fails."""
    p = subprocess.run(command, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if p.returncode != 0:
        sys.stderr.write(p.stdout.decode(errors="replace"))
    return p.returncode == 0


def venv(name, *packages):
    """A Python with packages from PyPI, kept in the cache; None if they
    can't be had."""
    home = CACHE / name
    python = home / "bin" / "python"
    mark = home / " ".join(packages)
    if mark.exists():
        return python
    print(f"# installing {' '.join(packages)} from PyPI into {home}",
          flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    for command in (["/usr/bin/python3", "-m", "venv", home],
                    [home / "bin" / "pip", "-q",
                     "--disable-pip-version-check", "install", *packages]):
        if not quietly(command):
            return None
    mark.touch()
    return python


def versions(w):
    """What was measured with, for the record."""
    v = {
        "millrace": first_line(str(PROGRAMS / "extract"), "-V"),
        "mysql server": w.sql("SELECT VERSION()").strip(),
        "mysql client": first_line(*mysql_client(w, "mysql", "-V")),
        "jq": first_line("jq", "--version"),
        "mydumper": first_line("mydumper", "--version"),
        "python": first_line("/usr/bin/python3", "-V"),
        "mongoimport": first_line("mongoimport", "--version"),
        "compiler": first_line("cc", "--version"),
        "target": " ".join(w.target.split("\n")[1].split()[2:4]),
        "kernel": " ".join(os.uname()[i] for i in (0, 2, 4)),
    }
    return {k: s or "not there" for k, s in v.items()}
