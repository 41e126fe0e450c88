"""A toy run with everything that has a state of its own; as a process of its own, one that kills itself half-way.

python toy_run.py FOLDER-OF-ITEMS OUT STEP
"""

import os
import signal
import sys
from pathlib import Path

from toy_towers import EVERYTHING, ToyEncoder, toy_config, toy_pairs

from encoders.training.precision import Precision
from encoders.training.run_folder import RunFolder
from encoders.training.trainer import train


def run(items, out, resume=False, progress=None, **more):
    """One sitting. A checkpoint after every step, where `more` does not say otherwise."""
    sections = {**EVERYTHING, "run": {"out": str(out), "checkpoint_minutes": 0.0}, **more}
    config, folder = toy_config(out, **sections), RunFolder(out)
    folder.check(resume)
    pairs = toy_pairs(items)
    train_pairs, held_out = pairs.split(0.2)
    with folder.held():
        if resume:
            folder.go_on(config, pairs.fingerprint)
        else:
            folder.begin(config, {"data": {"fingerprint": pairs.fingerprint}})
        encoder = ToyEncoder(dropout=0.2)
        precision = Precision("cpu", "f32", "a test")
        return train(config, encoder, train_pairs, held_out, folder, precision=precision, progress=progress)


def kill_in_the_checkpoint_after(step):
    """From now on, this process is gone when half of that checkpoint is on disk."""
    from encoders.training.checkpoints import Checkpoints

    save = Checkpoints.save

    def cut_short(self, state):
        if state["step"] < step:
            return save(self, state)
        os.fsync = lambda number: (os.truncate(number, 100), os.kill(os.getpid(), signal.SIGKILL))
        return save(self, state)

    Checkpoints.save = cut_short


if __name__ == "__main__":
    from encoders.training import trainer

    trainer.draw_curve = lambda *drawn: None
    kill_in_the_checkpoint_after(int(sys.argv[3]))
    run(Path(sys.argv[1]), Path(sys.argv[2]))
