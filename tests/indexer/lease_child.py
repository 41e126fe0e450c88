"""The other process of the lease tests: python lease_child.py VERB FOLDER. Says a line at a time."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

from store_cases import make_ids, make_payloads, make_rows

from indexer.store import open_store
from indexer.store.build import main
from indexer.store.shard import shared_shard

BATCH = 20


@contextlib.contextmanager
def child(verb, folder):
    """Start this file as a process; killed with SIGKILL at the end."""
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(Path(__file__).parent)])}
    command = [sys.executable, __file__, verb, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def write(folder):
    """Upsert batch after batch as fast as it goes, saying what is flushed."""
    store = open_store(folder, "shared")
    for number in itertools.count(store.count() // BATCH):
        start = number * BATCH
        store.upsert(make_ids(BATCH, start), make_rows(BATCH, seed=number), make_payloads(BATCH, start))
        store.flush()
        say(start + BATCH)


def hold(folder):
    """Keep the lease for ever."""
    with shared_shard(folder, "shared").lease("dreaming", 5.0):
        say("held")
        time.sleep(600)


def idle(folder):
    """Use the store once, then stay alive with it open."""
    store = open_store(folder, "shared")
    say(store.count())
    time.sleep(600)


def build(folder):
    """Build the index, as an indexer does."""
    say(open_store(folder, "shared").build_index().indexed_vectors)


def builder(folder):
    """Be the child of an indexer that builds the index."""
    sys.exit(main(str(folder), "shared", "20"))


if __name__ == "__main__":
    {verb.__name__: verb for verb in (write, hold, idle, build, builder)}[sys.argv[1]](Path(sys.argv[2]))
