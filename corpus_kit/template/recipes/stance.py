"""Train a stance classifier on a release with scikit-learn: which side a text takes on a target.

    python stance.py RELEASE [--layer stance]

Needs `datasets` and `scikit-learn`. Questions that people did not settle are not in this configuration; `soft.py` uses them.
The score is the mean F1 of the first two labels, as in SemEval-2016 Task 6 (FAVOR and AGAINST), and over all labels.
"""

import argparse

from datasets import load_dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("release")
parser.add_argument("--layer", default="stance")
args = parser.parse_args()

data = load_dataset(args.release, args.layer)
names = data["train"].features["label"].names


def inputs(rows):
    """The target stands before the text; the evidence, where there is some, after it. For new texts there is none."""
    return [f"target_{target} {text}" for target, text in zip(rows["target"], rows["text"], strict=True)]


train, test = data["train"], data["test"] if "test" in data else data["train"]
model = make_pipeline(
    TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2),
    LogisticRegression(max_iter=2000, class_weight="balanced"),
)
model.fit(inputs(train), train["label"])
predicted = model.predict(inputs(test))
scores = f1_score(test["label"], predicted, labels=range(len(names)), average=None, zero_division=0)
print(f"F1 of {names[0]} and {names[1]}: {scores[:2].mean():.3f}")
print("; ".join(f"{name} {score:.3f}" for name, score in zip(names, scores, strict=True)), f"({test.num_rows} answers)")
