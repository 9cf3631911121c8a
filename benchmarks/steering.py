"""How often the interval of `status` holds the true steering: simulated people who take over what they are shown.

python benchmarks/steering.py [RUNS]

Each document has its own difficulty: a person left alone agrees with the model with a probability drawn for the document.
Shown the model's answer, a person takes it over with probability `pull`, else answers as if alone. So the true effect is
pull × (1 − mean agreement alone).
"""

from __future__ import annotations

import random
import sys
from statistics import fmean

from corpus_kit.core.hashing import is_held_out
from corpus_kit.ledger.steering import difference

RUNS, DOCUMENTS, HOLDOUT = 300, 250, 0.2
PULLS = (0.0, 0.2, 0.5)
ALPHA, BETA = 3.0, 1.5


def one_run(seed: int, pull: float, documents: int = DOCUMENTS) -> tuple[float, float, float]:
    """Effect and interval of one simulated project with one to three people for each document."""
    draw = random.Random(seed)
    shown: list[float] = []
    held: list[float] = []
    for number in range(documents):
        alone = draw.betavariate(ALPHA, BETA)
        hidden = is_held_out(f"{seed}-{number}", HOLDOUT)
        answers = []
        for _ in range(draw.randint(1, 3)):
            taken_over = not hidden and draw.random() < pull
            answers.append(float(taken_over or draw.random() < alone))
        (held if hidden else shown).append(fmean(answers))
    found = difference(shown, held)
    assert found is not None
    return found


def coverage(pull: float, runs: int = RUNS, first: int = 0) -> tuple[float, float]:
    """Share of runs whose interval holds the truth, and the mean width."""
    truth = pull * (1 - ALPHA / (ALPHA + BETA))
    found = [one_run(first + seed, pull) for seed in range(runs)]
    return fmean(low <= truth <= high for _, low, high in found), fmean(high - low for _, low, high in found)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    print(f"{runs} runs of {DOCUMENTS} documents, holdout {HOLDOUT}")
    for pull in PULLS:
        share, width = coverage(pull, runs)
        print(f"pull {pull:.1f}: interval holds the truth in {share:.1%} of runs, mean width {width:.3f}")
