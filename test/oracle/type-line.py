"""Types into a program on a terminal of its own: {argv, env, cwd, ready, keys} as JSON on stdin; the terminal's output on stdout."""
import json
import os
import pty
import select
import sys
import time

job = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(job["cwd"])
    os.execvpe(job["argv"][0], job["argv"], job["env"])
said = b""
ready = job["ready"].encode()
typed = False
end = time.monotonic() + 60
while time.monotonic() < end:
    if not typed and ready in said:
        os.write(terminal, job["keys"].encode())
        typed = True
    try:
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 65536)
    except OSError:
        break
else:
    os.kill(pid, 9)
os.waitpid(pid, 0)
sys.stdout.buffer.write(said)
