"""Kills builds at random moments, lets them go on, and compares the files with those of an undisturbed build.

    python tests/select_instruct/kill_builds.py [--kills 10] [--seed 0]

Prints where each kill fell, and what was asked more often than in the undisturbed build: calls that were in flight at a kill, at
most as many as `model.concurrency`, and nothing else.
"""

import argparse
import random
import tempfile
import time
from pathlib import Path

from building import STAGES, ScriptedModel, begin, build, config_file, results

#: Seconds before each reply, so that kills fall into calls.
DELAY = 0.03


def undisturbed(folder, flawed=0.2):
    """The files of a build that nothing happens to, the keys of its calls, and the seconds it took."""
    folder.mkdir()
    with ScriptedModel(flawed=flawed, delay=DELAY) as model:
        began = time.monotonic()
        build(config_file(folder, model.url))
        return results(folder / "corpus"), dict(model.calls), time.monotonic() - began


def stage_reached(output):
    """The stage that a build is in."""
    begun = [name for name in STAGES if (output / "work" / name).is_dir()]
    return begun[-1] if begun else "start"


def disturbed(folder, kills, flawed=0.2):
    """The files of a build that is killed after each of `kills` seconds, the calls, and the stages of the kills."""
    folder.mkdir()
    places = []
    with ScriptedModel(flawed=flawed, delay=DELAY) as model:
        config = config_file(folder, model.url)
        for seconds in kills:
            running = begin(config)
            if running.ends_within(seconds):
                places.append("finished before")
                running.finish()
            else:
                places.append(stage_reached(folder / "corpus"))
                running.kill()
        build(config)
        return results(folder / "corpus"), dict(model.calls), places


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        files, calls, seconds = undisturbed(Path(name) / "undisturbed")
        draw = random.Random(given.seed)
        moments = [draw.uniform(0.1, seconds / 4) for _ in range(given.kills)]  # what is done stays: later kills fall later
        found, asked, places = disturbed(Path(name) / "disturbed", moments)
        repeated = sum(asked.values()) - len(asked)
        print(f"undisturbed: {seconds:.1f} s, {len(calls)} calls; kills in {', '.join(places)}")
        print(f"files: {len(files)}, different: {sorted(path for path in files if files[path] != found.get(path))}")
        print(f"calls: {len(asked)} different ones, {repeated} repeated (in flight at a kill)")
        assert found == files
        assert set(asked) == set(calls)
        assert repeated <= 4 * given.kills


if __name__ == "__main__":
    main()
