"""A PostgreSQL server for the tests: in a folder of its own, on a free port, gone at the end."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "s3cret/p@ss"  # noqa: S105 - of a server that lives for a minute
SPELLED = "s3cret%2Fp%40ss"


@dataclass(frozen=True)
class Postgres:
    port: int

    @property
    def url(self) -> str:
        """With the password."""
        return f"postgresql://shop:{SPELLED}@127.0.0.1:{self.port}/postgres"

    @property
    def shown(self) -> str:
        """Without."""
        return f"postgresql://shop@127.0.0.1:{self.port}/postgres"

    def execute(self, *statements: str) -> Any:
        """Run statements, and give the first row of the last."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            connection.commit()
        return row


def postgres_programs() -> Path | None:
    """Find the folder of PostgreSQL's server programs, the newest."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return Path(on_path).parent if on_path else found[-1].parent if found else None


@contextlib.contextmanager
def running(programs: Path) -> Iterator[Postgres]:
    """Start a server that is at home in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="crmlib-postgres-"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        entry = pwd.getpwnam("postgres")
        for place in (folder, secret):
            os.chown(place, entry.pw_uid, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def call(program: str, *arguments: str) -> None:
        said = folder / "said"  # no pipe: the server would hold it open
        with said.open("w") as out:
            done = subprocess.run(
                [programs / program, *arguments], cwd=folder, stdout=out, stderr=out, check=False, **user
            )
        assert done.returncode == 0, said.read_text() + (folder / "log").read_text()

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "shop", f"--pwfile={secret}", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        call("pg_ctl", "start", "-D", data, "-o", options, "-w", "-l", str(folder / "log"))
        try:
            yield Postgres(port)
        finally:
            call("pg_ctl", "stop", "-D", data, "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
