"""Submissions that reach for what is not theirs: files, the network, other runs, other processes."""

from __future__ import annotations

from tests.security.corpus import Attack

_OPEN_TARGETS = """for path in targets:
    attempt(lambda: gained(Path(path).read_text()))"""

ATTACKS = (
    Attack("reads the reference, the secret, others' work", "opens the very paths", (_OPEN_TARGETS,), anew=True),
    Attack(
        "searches for solutions",
        "walks through all it can see",
        (
            """for folder, inner, files in os.walk("/"):
    inner[:] = [one for one in inner if one not in {"proc", "usr", "site-packages", "lib"}]
    hidden = {"exercises", "submissions", "truth", "gradebook.db", "secret.txt", "reference.json"}
    for name in hidden & {*inner, *files}:
        gained(os.path.join(folder, name))""",
        ),
    ),
    Attack(
        "reads the environment",
        "its own and that of every process",
        (
            """print(dict(os.environ))
for path in Path("/proc").glob("[0-9]*/environ"):
    attempt(lambda: print(path.read_bytes().decode()))""",
        ),
        anew=True,
    ),
    Attack(
        "reads the home folder",
        "looks into the homes of all users, and writes there",
        (
            """for home in ["/root", *map(str, Path("/home").glob("*"))]:
    for name in (".bashrc", ".profile", ".ssh", ".gitconfig", ".netrc"):
        if Path(home, name).exists():
            gained(Path(home, name))
    attempt(lambda: gained(Path(home, "new").write_text("x")))""",
        ),
    ),
    Attack(
        "looks at the other hidden shops",
        "lists and unmounts where they are kept",
        (
            """libc = ctypes.CDLL(None)
for place in ("/store", "/data/shop", "/tmp", "/proc"):
    if libc.umount2(place.encode(), 2) == 0:
        gained("unmounted " + place)
for place in ("/store", "/data"):
    for one in (Path(place).iterdir() if Path(place).exists() else ()):
        if one.name != "shop":
            gained(one)""",
        ),
    ),
    Attack(
        "looks into its parents",
        "reads memory, files and roots of the processes above it, and traces them",
        (
            """for pid in {1, os.getppid()}:
    for name in ("mem", "environ", "maps", "root/etc/shadow", "cwd/secret"):
        attempt(lambda: gained(open(f"/proc/{pid}/{name}", "rb").read(1)))
    attempt(lambda: gained(os.listdir(f"/proc/{pid}/fd")))
    if ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0:
        gained("traced")""",
        ),
    ),
    Attack(
        "looks for the grader's sockets",
        "tries every open file for a way to the preloaded process",
        (
            """import stat
for number in range(3, 1024):
    try:
        kind = os.fstat(number).st_mode
    except OSError:
        continue
    if stat.S_ISSOCK(kind):
        attempt(lambda: os.write(number, b'{"ended": 0}'))
        gained("a socket")""",
        ),
    ),
    Attack(
        "calls the network by name",
        "asks for a host",
        ("""attempt(lambda: gained(socket.create_connection(("localhost.example", 80), timeout=1)))""",),
    ),
    Attack(
        "calls the network by address",
        "connects to public and to local addresses",
        (
            """for address in ("192.0.2.1", "169.254.169.254", "10.0.0.1"):
    attempt(lambda: gained(socket.create_connection((address, 80), timeout=1)))
attempt(lambda: gained(socket.create_connection(("2001:db8::1", 80), timeout=1)))""",
        ),
    ),
    Attack(
        "calls the machine by loopback",
        "connects to a server that runs on it",
        (
            """for address in ("127.0.0.1", "::1", "0.0.0.0"):
    attempt(lambda: gained(socket.create_connection((address, port), timeout=1).recv(100)))""",
        ),
        anew=True,
    ),
    Attack(
        "sends datagrams and raw packets",
        "uses other kinds of sockets",
        (
            """attempt(lambda: gained(socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))
attempt(lambda: gained(socket.socket(socket.AF_PACKET, socket.SOCK_RAW)))
attempt(lambda: gained(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))))""",
        ),
    ),
    Attack(
        "calls services by their sockets",
        "docker, the message bus, anything that the kernel lists",
        (
            """for path in ("/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"):
    attempt(lambda: gained(socket.socket(socket.AF_UNIX).connect(path)))
for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
    if "@" in line:
        gained(line)""",
        ),
    ),
    Attack(
        "makes namespaces",
        "becomes root in a user namespace of its own",
        (
            """libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x10020000, 0x00020000, 0x40000000):
    if libc.unshare(flag) == 0:
        gained(hex(flag))
attempt(lambda: gained(os.chroot("/tmp")))
if libc.sethostname(b"mine", 4) == 0 or libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0:
    gained("a privilege")""",
        ),
        anew=True,
    ),
    Attack(
        "opens devices",
        "reads memory, disks and the kernel's log, and makes a device",
        (
            """for name in ("mem", "kmsg", "sda", "vda", "kvm", "fuse", "net/tun"):
    attempt(lambda: gained(open("/dev/" + name, "rb").read(1)))
attempt(lambda: gained(os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0))))
attempt(lambda: gained(open("/dev/mine", "w")))""",
        ),
    ),
    Attack(
        "changes the system",
        "writes to Python, crmlib, the system, the kernel's settings",
        (
            """import crmlib
for folder in (sys.prefix, sys.base_prefix, crmlib.__path__[0], "/usr/lib", "/etc", "/", "/opt", "/data", source):
    attempt(lambda: gained(Path(folder, "mine.py").write_text("x")))
for name in ("kernel/core_pattern", "kernel/hostname", "vm/drop_caches", "user/max_user_namespaces"):
    attempt(lambda: gained(Path("/proc/sys", name).write_text("1")))
attempt(lambda: gained(Path("/proc/sysrq-trigger").write_text("h")))""",
        ),
    ),
    Attack(
        "leaves by links",
        "reads through links and through other processes' roots",
        (
            """for number, path in enumerate(targets):
    Path(f"/tmp/link{number}").symlink_to(path)
    attempt(lambda: gained(Path(f"/tmp/link{number}").read_text()))
    attempt(lambda: gained(Path("/proc/1/root" + path).read_text()))
    attempt(lambda: gained(Path("/oldroot" + path).read_text()))""",
        ),
    ),
    Attack(
        "becomes root",
        "by system calls and by programs that are root's",
        (
            """attempt(lambda: gained(os.setuid(0)))
attempt(lambda: gained(os.setgroups([])))
for command in (["su", "-c", "id"], ["sudo", "-n", "id"], ["mount", "-t", "tmpfs", "x", "/tmp"], ["newgrp"]):
    done = attempt(lambda: subprocess.run(command, capture_output=True, text=True, timeout=2, stdin=subprocess.DEVNULL))
    if done and ("uid=0" in done.stdout or (command[0] == "mount" and done.returncode == 0)):
        gained(command)""",
        ),
    ),
    Attack(
        "leaves a note for the next run",
        "in all places where it can write",
        (
            """for folder in ("/tmp", "/dev/shm", "/dev", "/dev/mqueue", "/var/tmp", "/run", os.getcwd()):
    note = Path(folder, "note")
    if attempt(note.exists):
        gained(note)
    attempt(lambda: note.write_text("x"))
libc = ctypes.CDLL(None)
if libc.shmget(4711, 100, 0o600) != -1:
    gained("shared memory")
libc.shmget(4711, 100, 0o1600)
import crmlib
if hasattr(crmlib, "note"):
    gained("a module")
crmlib.note = True""",
        ),
        runs=2,
    ),
    Attack(
        "leaves a process for the next run",
        "a daemon that keeps the pipe and listens",
        (
            """attempt(lambda: gained(socket.create_connection(("127.0.0.1", 4711), timeout=1)))
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = attempt(lambda: socket.create_server(("127.0.0.1", 4711)))
    time.sleep(600)""",
        ),
        ends=("finished",),
        runs=2,
        anew=True,
    ),
)
