"""A MariaDB server for the tests: in a folder of its own, on a free port, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.postgres import PASSWORD, SPELLED
from tests.spark_cluster import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class MariaDB:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """With the password."""
        return f"mariadb://shop:{SPELLED}@127.0.0.1:{self.port}/shop"

    def execute(self, *statements: str) -> None:
        with contextlib.closing(self._connect(database="shop")) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def _connect(self, **options: Any) -> Any:
        import pymysql

        return pymysql.connect(host="127.0.0.1", port=self.port, user="shop", password=PASSWORD, **options)

    def is_up(self) -> bool:
        import pymysql

        try:
            self._connect().close()
        except pymysql.OperationalError as error:
            if error.args[0] != pymysql.constants.CR.CR_CONN_HOST_ERROR:  # not listening yet
                raise
            return False
        return True


@contextlib.contextmanager
def running() -> Iterator[MariaDB]:
    """Start a server that is at home in a temporary folder, with a database and a user called shop."""
    folder = Path(tempfile.mkdtemp(prefix="crmlib-mariadb-"))
    data, log, first = folder / "data", folder / "log", folder / "first.sql"
    first.write_text(
        f"create database shop;\ncreate user shop@'127.0.0.1' identified by '{PASSWORD}';\n"
        "grant all on *.* to shop@'127.0.0.1';\n"  # a statement a line
    )
    user = []
    if os.geteuid() == 0:  # MariaDB refuses to run as root
        user = ["--user=mysql"]
        shutil.chown(folder, "mysql")
    program, installer = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    assert program
    assert installer
    try:
        with log.open("wb") as out:
            subprocess.run(
                [installer, "--no-defaults", f"--datadir={data}", "--skip-test-db", *user],
                stdout=out, stderr=out, check=True,
            )  # fmt: skip
            port = free_port()
            process = subprocess.Popen(
                [
                    program, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
                    f"--socket={folder}/socket", f"--pid-file={folder}/pid", f"--init-file={first}",
                    "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve", *user,
                ],
                stdout=out, stderr=out,
            )  # fmt: skip
        server = MariaDB(port, process)
        try:
            end = time.monotonic() + 60
            while not server.is_up():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)
            yield server
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
